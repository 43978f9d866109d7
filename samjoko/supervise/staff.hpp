#pragma once
// Charter: the workers that live, as the master holds them: pid, process descriptor, channel. It
// forks, tells, kills and reaps them on order, and judges nothing: that is the plan's.

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <samjoko/os/children.hpp>
#include <samjoko/supervise/channel.hpp>
#include <samjoko/supervise/heritage.hpp>
#include <samjoko/supervise/kernel.hpp>
#include <samjoko/supervise/worker.hpp>

namespace samjoko::supervise {

/// One worker. Forgotten, pid and all, at the instant it is reaped.
struct employee {
  pid_t pid = 0;           // 0: the place is free
  os::descriptor process;  // a pidfd; none where the kernel or a limit refused it
  channel line;
  std::string title;  // for the log
  steady::time_point since{};
  bool told_to_stop = false;
  std::size_t polled = static_cast<std::size_t>(-1);  // where its line stands among what is polled
};

/// What a worker is hired for.
struct position {
  std::size_t group = 0;
  std::string title;  ///< for the log, such as "worker 3"
};

class staff {
 public:
  staff(kernel& kernel, const std::function<int(worker&)>& main, scoreboard& counters,
        std::size_t most);

  /// Forks a worker for the slot. In the child it does not return. What the child must not keep is
  /// closed there: the listeners of other groups, and the other workers' channels (or they would
  /// not see the master's end). Errors: EAGAIN, ENOMEM, EMFILE.
  [[nodiscard]] result<void> hire(std::size_t slot, position as,
                                  std::vector<named_listener>& listeners);
  /// 0: nobody is in the slot.
  [[nodiscard]] pid_t pid_of(std::size_t slot) const { return places_.at(slot).pid; }
  void tell(std::size_t slot, message_kind kind);
  void kill(std::size_t slot);
  /// Gives every worker a copy of the log's new descriptor.
  void hand_out_log(int descriptor);

  /// Adds the lines of all workers to what is waited for.
  void add_to(std::vector<pollfd>& polled);
  /// `on_message(slot, message)` for all that workers have said, of those whose line is ready.
  /// Never blocks.
  template <class OnMessage>
  void read_messages(std::span<const pollfd> polled, OnMessage&& on_message) {
    for (std::size_t slot = 0; slot < places_.size(); ++slot) {
      const auto at = places_[slot].polled;
      if (at < polled.size() && polled[at].revents != 0) read_line(slot, on_message);
    }
  }
  /// `on_message` is given the last words of a worker before `on_end(slot, status)` tells of its
  /// end.
  template <class OnMessage, class OnEnd>
  void reap(OnMessage&& on_message, OnEnd&& on_end) {
    children_.reap_by([&] { return kernel_.wait_any(); },
                      [&](const os::children::report& told) {
                        log_report(told);
                        if (!told.known || !told.status.is_end()) return;
                        const auto slot = static_cast<std::size_t>(told.tag);
                        read_line(slot, on_message);
                        forget(slot);
                        on_end(slot, told.status);
                      });
  }

  /// Processes that were left to the master: by workers that ended before them, or, where it is
  /// process 1, by anybody. Not those that were its children before it had workers.
  [[nodiscard]] std::vector<pid_t> orphans() const;
  void kill_orphans();

 private:
  template <class OnMessage>
  void read_line(std::size_t slot, OnMessage& on_message) {
    while (const auto said = next_message(slot)) on_message(slot, *said);
  }
  [[nodiscard]] std::optional<message> next_message(std::size_t slot);
  [[noreturn]] void work(std::size_t slot, const position& as, channel to_master,
                         std::vector<named_listener>& listeners);
  void log_report(const os::children::report& told) const;
  void forget(std::size_t slot);
  void send(std::size_t slot, message what, int attached = -1);

  kernel& kernel_;
  const std::function<int(worker&)>& main_;
  scoreboard& counters_;
  const std::vector<pid_t> children_before_;
  os::children children_;
  std::vector<employee> places_;
};

}  // namespace samjoko::supervise
