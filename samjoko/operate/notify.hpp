#pragma once
// Charter: tells the service manager the state of this program (man 3 sd_notify): a datagram of
// lines like READY=1 to the unix socket that NOTIFY_SOCKET names. It is our own code of a few
// lines: the protocol is stable, and a library for it would be the program's only dependency on
// systemd.

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include <samjoko/base/deadline.hpp>
#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::operate {

/// The socket to send to: "/run/x" a path, "@x" an abstract name (man 7 unix). Whether the program
/// may send there shows only when it sends. Move-only. Empty when no manager wants to be told; then
/// tell() does nothing.
class notifier {
 public:
  notifier() noexcept = default;
  /// Errors: bad_argument (neither a path nor an abstract name, or too long), EMFILE.
  [[nodiscard]] static result<notifier> to(std::string_view where);

  /// Never blocks. Errors: EAGAIN (the manager does not read), ECONNREFUSED, ENOENT (it is gone).
  [[nodiscard]] result<void> tell(std::string_view lines) const;
  [[nodiscard]] bool is_wanted() const noexcept { return static_cast<bool>(socket_); }
  /// Call it in a child, which must not send for its parent.
  void close() noexcept { socket_.reset(); }

 private:
  os::descriptor socket_;
  std::string name_;  // with a NUL byte in front when abstract
};

/// WATCHDOG_USEC and WATCHDOG_PID (man 3 sd_watchdog_enabled) for process `self`: the longest time
/// between two of its beats. Null for a variable that is not set. Pure.
[[nodiscard]] std::optional<steady::duration> read_watchdog(const char* microseconds,
                                                            const char* whose, pid_t self);

struct service_manager {
  notifier told;
  std::optional<steady::duration> watchdog;
};
/// Made from this process's environment. The variables are removed from it, so that no child sends
/// for this process. A NOTIFY_SOCKET that cannot be used is the error. Not while other threads run.
[[nodiscard]] result<service_manager> meet_service_manager();

}  // namespace samjoko::operate
