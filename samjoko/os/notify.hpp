#pragma once
// Charter: tells the service manager how this program fares (man 3 sd_notify): a datagram of lines
// like READY=1 to the unix socket that NOTIFY_SOCKET names. Our own few lines: the protocol is
// stable, and a library for it would be the program's only dependency on systemd.

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include <samjoko/base/deadline.hpp>
#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {

/// Where to send to, without the permission to send: "/run/x" a path, "@x" an abstract name (man 7
/// unix). Move-only. Empty when nobody wants to be told; then telling does nothing.
class notifier {
 public:
  notifier() noexcept = default;
  /// Errors: bad_argument (neither a path nor an abstract name, or too long), EMFILE.
  [[nodiscard]] static result<notifier> to(std::string_view where);

  /// Never blocks. Errors: EAGAIN (the manager does not read), ECONNREFUSED, ENOENT (it is gone).
  [[nodiscard]] result<void> tell(std::string_view lines) const;
  [[nodiscard]] bool is_wanted() const noexcept { return static_cast<bool>(socket_); }
  /// In a child, which must not speak for its parent.
  void close() noexcept { socket_.reset(); }

 private:
  os::descriptor socket_;
  std::string name_;  // with a NUL byte in front when abstract
};

/// WATCHDOG_USEC and WATCHDOG_PID (man 3 sd_watchdog_enabled) as they concern process `self`: how
/// often it must be heard at least. Null for a variable that is not set. Pure.
[[nodiscard]] std::optional<steady::duration> read_watchdog(const char* microseconds,
                                                            const char* whose, pid_t self);

struct service_manager {
  notifier told;
  std::optional<steady::duration> watchdog;
};
/// From this process's environment, out of which the variables are taken, so that no child speaks
/// for it. A NOTIFY_SOCKET that cannot be used is the error. Not while other threads run.
[[nodiscard]] result<service_manager> meet_service_manager();

}  // namespace samjoko::os
