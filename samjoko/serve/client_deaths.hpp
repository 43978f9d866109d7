#pragma once
// Charter: the deaths of the processes that a worker forks for its clients: told once each, as
// those of the workers are by the master.

#include <samjoko/os/children.hpp>
#include <samjoko/os/registrar.hpp>
#include <samjoko/serve/model.hpp>
#include <string>

namespace samjoko::serve {

class client_deaths {
 public:
  explicit client_deaths(const workload& work);

  /// Reaps all that have ended; `on_report` is told of each, and gives it to add().
  template <class OnReport>
  void reap(os::children& children, os::death_role role, OnReport&& on_report) {
    children.reap_noted(
        [&](pid_t pid, const os::exit_status& status) { deaths_.note_end(pid, status, role); },
        on_report);
    deaths_.settle();
  }
  /// A child was reaped. One that ended as it should is only forgotten; so is, while the worker
  /// `stops`, one that obeyed somebody else's order to stop. The others are told when all have been
  /// reaped.
  void add(const os::children::report& dead, os::death_role role, bool stops);
  /// Looks at the counter of out-of-memory kills now and then, before anybody dies.
  void watch_memory();
  /// How long to wait at most, in milliseconds (-1: without a limit), so that what watch_memory()
  /// knows is not old when one of the `living` dies.
  [[nodiscard]] int longest_wait(int wanted, bool living) const noexcept;
  /// Processes forked from now on never write records.
  void keep_from_children() const noexcept {
    if (work_.box != nullptr) work_.box->board.keep_from_children();
  }

 private:
  const workload& work_;
  os::registrar deaths_;
  std::string memory_counter_;
};

}  // namespace samjoko::serve
