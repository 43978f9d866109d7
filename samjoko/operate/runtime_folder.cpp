#include <samjoko/operate/runtime_folder.hpp>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace samjoko::operate {
namespace {

bool is_own_folder(const std::string& path) {
  struct stat about{};
  return ::stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode) && about.st_uid == ::geteuid();
}

}  // namespace

std::vector<std::string> runtime_folders(const std::string& name) {
  std::vector<std::string> all;
  const auto add = [&all](std::string path) {
    if (std::ranges::find(all, path) == all.end()) all.push_back(std::move(path));
  };
  const auto user = ::geteuid();
  const char* given = ::getenv("XDG_RUNTIME_DIR");
  if (given != nullptr && *given == '/' && is_own_folder(given))
    add(fmt::format("{}/{}", given, name));
  const auto usual = user == 0 ? std::string("/run") : fmt::format("/run/user/{}", user);
  if (is_own_folder(usual)) add(fmt::format("{}/{}", usual, name));
  add(fmt::format("/tmp/{}-{}", name, user));
  return all;
}

result<void> make_private_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failure(errno, "mkdir", path);
  struct stat about{};
  if (::lstat(path.c_str(), &about) != 0) return failure(errno, "lstat", path);
  if (!S_ISDIR(about.st_mode)) return failure(ENOTDIR, "private folder", path);
  if (about.st_uid != ::geteuid() || (about.st_mode & 077) != 0)
    return failure(EPERM, "private folder", path);
  return {};
}

std::vector<std::string> sockets_in(const std::string& folder) {
  std::vector<std::string> names;
  struct stat about{};
  if (::lstat(folder.c_str(), &about) != 0 || !S_ISDIR(about.st_mode)) return names;
  if (about.st_uid != ::geteuid() && about.st_uid != 0) return names;
  std::error_code wrong;
  for (std::filesystem::directory_iterator at(folder, wrong), end; !wrong && at != end;
       at.increment(wrong)) {
    if (at->is_socket(wrong)) names.push_back(at->path().filename());
  }
  std::ranges::sort(names);
  return names;
}

std::string program_file_name() {
  std::array<char, 4096> path;
  const auto length = ::readlink("/proc/self/exe", path.data(), path.size());
  std::string name(length <= 0 ? "samjoko"
                               : std::string(path.data(), static_cast<std::size_t>(length)));
  constexpr std::string_view replaced = " (deleted)";  // by an upgrade, while it runs
  if (name.ends_with(replaced)) name.resize(name.size() - replaced.size());
  return name.substr(name.rfind('/') + 1);
}

}  // namespace samjoko::operate
