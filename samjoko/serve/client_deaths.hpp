#pragma once
// Charter: the deaths of the processes that a worker forks for its clients. Each is reported once,
// as the master reports those of the workers.

#include <samjoko/os/children.hpp>
#include <samjoko/postmortem/death_recorder.hpp>
#include <samjoko/serve/model.hpp>
#include <string>

namespace samjoko::serve {

class client_deaths {
 public:
  explicit client_deaths(const workload& work);

  /// Reaps all children that have ended and calls `on_report` for each; `on_report` passes it to
  /// add().
  template <class OnReport>
  void reap(os::children& children, postmortem::death_role role, OnReport&& on_report) {
    children.reap_noted(
        [&](pid_t pid, const os::exit_status& status) { deaths_.note_end(pid, status, role); },
        on_report);
    deaths_.settle();
  }
  /// Takes the report of a reaped child. A child that ended as it should is only forgotten. While
  /// the worker `stops`, so is a child that obeyed an order of another process to stop. The others
  /// are reported when all have been reaped.
  void add(const os::children::report& dead, postmortem::death_role role, bool stops);
  /// Looks at the counter of out-of-memory kills now and then, before a process dies.
  void watch_memory();
  /// How long to wait at most, in milliseconds (-1: without a limit), so that the reading of
  /// watch_memory() is not old when one of the `living` dies.
  [[nodiscard]] int longest_wait(int wanted, bool living) const noexcept;
  /// Processes forked from now on never write records.
  void keep_from_children() const noexcept {
    if (work_.box != nullptr) work_.box->deaths.keep_from_children();
  }

 private:
  const workload& work_;
  postmortem::death_recorder deaths_;
  std::string memory_counter_;
};

}  // namespace samjoko::serve
