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

int write_all(int to, std::string_view text) noexcept {
  while (!text.empty()) {
    const auto count = ::write(to, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count < 0 ? errno : EIO;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

void hold_closed_streams() noexcept {
  for (int number = 0; number <= standard_error; ++number) {
    if (::fcntl(number, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one.
    const int wrong_way = number == 0 ? O_WRONLY : O_RDONLY;
    if (::open("/dev/null", wrong_way | O_NOCTTY) != number) return;
  }
}

}  // namespace samjoko::os
