#include <samjoko/web/directory_names.hpp>

#include <algorithm>
#include <string_view>

namespace samjoko::web {

result<directory_names> directory_names::read(int directory, const directory_limits& limits) {
  directory_names all;
  std::size_t count = 0;
  bool fits = true;
  const auto done = os::read_directory(directory, [&](std::string_view name, os::entry_kind kind) {
    fits = ++count <= limits.entries && all.text_.size() + name.size() < limits.bytes;
    if (!fits || name.starts_with('.') || kind == os::entry_kind::other) return fits;
    all.places_.push_back({.at = static_cast<std::uint32_t>(all.text_.size()),
                           .is_file = kind != os::entry_kind::directory});
    all.text_.append(name).push_back('\0');
    return true;
  });
  if (!done) return std::unexpected(done.error());
  if (!fits) return failure(condition::too_long, "read directory");
  const auto order = [&](const place& each) {
    return std::pair(each.is_file, std::string_view(all.text_.data() + each.at));
  };
  std::ranges::sort(all.places_, {}, order);
  return all;
}

}  // namespace samjoko::web
