#pragma once
// Charter: what the master does about stuck work: watches the steps of all threads that serve, asks
// a stuck one for its stack, and has its process ended. A worker is ended whole; a process that
// serves one client is ended alone.

#include <functional>
#include <span>
#include <vector>

#include <samjoko/os/activity.hpp>
#include <samjoko/os/registrar.hpp>
#include <samjoko/supervise/stuck_watch.hpp>

namespace samjoko::supervise {

class warden {
 public:
  /// How long a stuck thread has to answer with its stack.
  static constexpr milliseconds time_to_answer{500};

  /// `box` may be null: then nothing is watched. `end(pid, limit, after)` ends a process.
  /// `is_ours(pid)`: whether it is a worker or a process of one. Cells are written by workers:
  /// nobody else is ever asked or ended for what stands there. Empty: all are.
  warden(os::black_box* box, milliseconds timeout,
         std::function<void(pid_t, os::own_limit, milliseconds)> end,
         std::function<bool(pid_t)> is_ours = {});

  void tend(steady::time_point now);
  [[nodiscard]] deadline next_time() const noexcept;

 private:
  struct convicted {
    stuck_thread thread;
    std::uint32_t ticket = 0;
    deadline until;
    deadline look_again{};
  };

  void look(steady::time_point now);
  void convict(const stuck_thread& found, steady::time_point now);
  [[nodiscard]] bool still_runs(const stuck_thread& found) const noexcept;
  [[nodiscard]] bool has_answered(const convicted& one) const noexcept;
  void carry_out(const convicted& one);

  os::black_box* box_;
  stuck_watch watch_;
  std::function<void(pid_t, os::own_limit, milliseconds)> end_;
  std::function<bool(pid_t)> is_ours_;
  std::vector<sighting> seen_;
  std::vector<convicted> convicted_;
  std::uint32_t last_ticket_ = 0;
};

}  // namespace samjoko::supervise
