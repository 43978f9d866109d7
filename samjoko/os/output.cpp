#include <samjoko/os/output.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace samjoko::os {

result<descriptor> open_for_append(const std::string& path) {
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;
  descriptor file(::open(path.c_str(), flags, 0644));
  if (!file) return failure(errno, "open", path);
  return file;
}

result<descriptor> duplicate(int number) {
  descriptor copy(::fcntl(number, F_DUPFD_CLOEXEC, 3));
  if (!copy) return failure(errno, "dup");
  return copy;
}

void write_all(int to, std::string_view text) noexcept {
  while (!text.empty()) {
    const auto count = ::write(to, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace samjoko::os
