#pragma once
// Charter: another program, started by a handler and owned by it: its pipes are connections, its
// end is awaited, in every model. It does not outlive its owner.
//
// Each child is waited for by its own pidfd, so it gets along with other code in the process that
// waits for children of its own, and with several threads that do this at once. A conflict that
// cannot be avoided is reported: when other code took the status by waitpid(-1), or SIGCHLD is
// ignored, exit() is the error ECHILD ("status taken by another waiter"), never a guess.

#include <memory>
#include <samjoko/net/connection.hpp>
#include <samjoko/os/exit_status.hpp>
#include <samjoko/os/program.hpp>

namespace samjoko {

using os::exit_status;
using os::given_stream;
using os::inherited_stream;
using os::null_stream;
using os::pipe_stream;
using os::program;

class child {
 public:
  /// Starts the program, for the handler of `from` and on its loop. `grace`: between SIGTERM and
  /// SIGKILL when it is ended. Errors: those of the step that failed (os/program.hpp): "execve
  /// nothing: No such file or directory"; EOPNOTSUPP on a simulated loop.
  [[nodiscard]] static result<child> start(connection& from, const program& what,
                                           milliseconds grace = milliseconds(5000));
  child(child&&) noexcept = default;
  child& operator=(child&&) noexcept = default;
  /// Ends the program, without waiting here: closes its pipes and sends SIGTERM to its group (to
  /// the program alone when it has no group of its own). After the grace, or at once in an
  /// immediate stop, it sends SIGKILL; when the program is gone, SIGKILL goes to what is left of
  /// the group. The loop runs until the program is reaped. A program that has ended by itself and
  /// was waited for is left alone, and what it started in its group too.
  ~child() = default;

  [[nodiscard]] pid_t pid() const noexcept;
  /// Its pipes: write to its input, read its output and errors. Without limits on silence or
  /// slowness: it is no client. `input().shutdown_send()` is the end of what it can read. Only
  /// where the program has a pipe.
  [[nodiscard]] connection& input();
  [[nodiscard]] connection& output();
  [[nodiscard]] connection& errors();

  /// Waits until it has ended, and reaps it. Asking again gives the same answer. By one task at a
  /// time. Errors: ECHILD (see above), ETIMEDOUT past `until`, ECANCELED.
  [[nodiscard]] task<result<exit_status>> exit(deadline until = deadline::never());
  /// The same, but ends with condition::stopping when the server begins to stop: then tell the
  /// child so.
  [[nodiscard]] task<result<exit_status>> exit_or_stop();

  /// Asks the program to end, and all that it has started, in other sessions too: SIGTERM, and
  /// SIGCONT, without which a stopped process would not get it. Errors: as of send().
  [[nodiscard]] result<void> tell_to_end();
  /// Whether any process is left in its group, which it leads: what it started and left behind.
  [[nodiscard]] bool group_lives() const noexcept;

  /// Ends it and all that it has started, at once.
  void kill_family();
  /// Sends to it and its group (to it alone when it has no group of its own). Errors: ESRCH when it
  /// has ended.
  [[nodiscard]] result<void> send(int signal);

 private:
  struct life;
  class waiting_for_exit;
  struct end {
    void operator()(life* running) const noexcept;
  };
  explicit child(std::unique_ptr<life, end> running) noexcept : life_(std::move(running)) {}
  static task<result<exit_status>> wait(life& of, deadline until, connection* until_stop);

  std::unique_ptr<life, end> life_;
};

}  // namespace samjoko
