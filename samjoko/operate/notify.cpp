#include <samjoko/operate/notify.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace samjoko::operate {
namespace {

std::optional<std::int64_t> number_in(const char* text) {
  if (text == nullptr) return std::nullopt;
  const std::string_view digits(text);
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (code != std::errc() || end != digits.data() + digits.size() || number <= 0) return {};
  return number;
}

}  // namespace

result<notifier> notifier::to(std::string_view where) {
  if (where.empty()) return notifier();
  if (where.front() != '/' && where.front() != '@')
    return failure(condition::bad_argument, "NOTIFY_SOCKET", std::string(where));
  if (where.size() >= sizeof(sockaddr_un::sun_path) || where.find('\0') != std::string_view::npos)
    return failure(condition::bad_argument, "NOTIFY_SOCKET", std::string(where));
  notifier made;
  made.name_ = where;
  if (where.front() == '@') made.name_.front() = '\0';
  made.socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.socket_) return failure(errno, "socket", "NOTIFY_SOCKET");
  return made;
}

result<void> notifier::tell(std::string_view lines) const {
  if (!is_wanted()) return {};
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::memcpy(where.sun_path, name_.data(), name_.size());
  // An abstract name is all of the bytes; a path may end without a NUL byte too (man 7 unix).
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
  const auto* to = reinterpret_cast<const sockaddr*>(&where);
  ssize_t sent = -1;
  do {
    sent =
        ::sendto(socket_.get(), lines.data(), lines.size(), MSG_NOSIGNAL | MSG_DONTWAIT, to, size);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {};
  return failure(errno, "notify the service manager", std::string(lines));
}

std::optional<steady::duration> read_watchdog(const char* microseconds, const char* whose,
                                              pid_t self) {
  const auto time = number_in(microseconds);
  if (!time) return std::nullopt;
  if (whose != nullptr && number_in(whose) != self) return std::nullopt;
  return std::chrono::microseconds(*time);
}

result<service_manager> meet_service_manager() {
  service_manager met;
  met.watchdog = read_watchdog(::getenv("WATCHDOG_USEC"), ::getenv("WATCHDOG_PID"), ::getpid());
  const char* where = ::getenv("NOTIFY_SOCKET");
  auto told = notifier::to(where == nullptr ? "" : where);
  for (const auto* each : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(each);
  if (!told) return failure_of(told);
  met.told = std::move(*told);
  return met;
}

}  // namespace samjoko::operate
