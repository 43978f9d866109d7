#include <samjoko/os/subreaper.hpp>

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <string>

#include <samjoko/base/check.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {
namespace {

std::string whole_text(const char* path) {
  std::string text;
  const descriptor file(::open(path, O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> some;
  while (file) {
    const auto count = ::read(file.get(), some.data(), some.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(some.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

result<void> become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return failure(errno, "prctl");
  return {};
}

subreaper::subreaper() noexcept {
  int before = 0;
  const bool known = ::prctl(PR_GET_CHILD_SUBREAPER, &before) == 0;
  changed_ = known && before == 0 && ::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

subreaper::~subreaper() {
  if (changed_) ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

std::vector<pid_t> children_of_this_thread() {
  std::vector<pid_t> found;
  const auto text = whole_text("/proc/thread-self/children");
  const char* at = text.data();
  const char* const end = at + text.size();
  for (pid_t pid = 0; at != end;) {
    const auto [next, wrong] = std::from_chars(at, end, pid);
    if (wrong == std::errc() && pid > 0) found.push_back(pid);
    at = next == at ? at + 1 : next;
  }
  return found;
}

result<void> send_to_child(pid_t child, int signal) {
  SAMJOKO_CHECK(child > 0, "0 and -1 mean groups of processes to kill(2)");
  if (::kill(child, signal) != 0) return failure(errno, "kill", std::to_string(child));
  return {};
}

}  // namespace samjoko::os
