#include <samjoko/cli/control_place.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <samjoko/operate/runtime_folder.hpp>
#include <samjoko/os/address.hpp>
#include <samjoko/os/local_stream.hpp>
#include <samjoko/os/socket_file.hpp>

namespace samjoko::cli {
namespace {

constexpr const char* folder_name = "samjoko";

}  // namespace

result<std::string> usual_control_path() {
  error last(ENOENT, "private folder");
  for (const auto& folder : operate::runtime_folders(folder_name)) {
    if (auto made = operate::make_private_folder(folder); !made) {
      last = std::move(made.error());
      continue;
    }
    return fmt::format("{}/{}.{}", folder, operate::program_file_name(), ::getpid());
  }
  return std::unexpected(std::move(last));
}

std::vector<found_server> find_servers() {
  std::vector<found_server> found;
  const auto prefix = operate::program_file_name() + ".";
  for (const auto& folder : operate::runtime_folders(folder_name)) {
    for (const auto& name : operate::sockets_in(folder)) {
      if (!name.starts_with(prefix)) continue;
      const auto path = fmt::format("{}/{}", folder, name);
      const auto where = os::address::parse("unix:" + path);
      if (!where) continue;
      const auto tried = os::connect_local(*where, deadline::after(milliseconds(1000)));
      if (tried || !tried.error().is(ECONNREFUSED)) {
        found.push_back({path, name});
      } else if (!std::filesystem::exists("/proc/" + name.substr(prefix.size()))) {
        os::remove_stale(*where);  // does not remove one that is about to listen
      }
    }
  }
  return found;
}

}  // namespace samjoko::cli
