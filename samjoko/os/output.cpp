#include <samjoko/os/output.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

namespace samjoko::os {

void keep_standard_open() noexcept {
  for (int number = 0; number <= standard_error; ++number) {
    if (::fcntl(number, F_GETFD) >= 0 || errno != EBADF) continue;
    // open(2) takes the lowest number that is free, which is this one. It is opened the wrong way,
    // so that a command whose output was closed gets an error. Without /dev/null the number is
    // taken by a file that can neither be read nor written.
    const int wrong_way = number == 0 ? O_WRONLY : O_RDONLY;
    if (::open("/dev/null", wrong_way | O_NOCTTY) < 0) static_cast<void>(::open("/", O_PATH));
  }
}

std::optional<int> own_descriptor_named(std::string_view path) {
  if (path == "/dev/stdin") return 0;
  if (path == "/dev/stdout") return standard_output;
  if (path == "/dev/stderr") return standard_error;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(folder)) continue;
    const auto digits = path.substr(folder.size());
    int number = -1;
    const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (wrong == std::errc{} && end == digits.data() + digits.size() && number >= 0) return number;
  }
  return std::nullopt;
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

}  // namespace samjoko::os
