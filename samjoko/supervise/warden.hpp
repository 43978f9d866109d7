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

  using end_process = std::function<void(std::uint32_t worker, pid_t, os::own_limit, milliseconds)>;

  /// `boxes`: of the workers, by number less 1; none: then nothing is watched. `end(worker, pid,
  /// limit, after)` ends a process. `is_of(worker, pid)`: whether it is that worker or a process of
  /// its own. Cells are written by workers: nobody else is ever asked or ended for what stands in
  /// the box of one. Empty: all are.
  warden(std::span<os::black_box* const> boxes, milliseconds timeout, end_process end,
         std::function<bool(std::uint32_t, pid_t)> is_of = {});

  void tend(steady::time_point now);
  [[nodiscard]] deadline next_time() const noexcept;

 private:
  struct convicted {
    stuck_thread thread;
    std::uint32_t worker = 0;
    std::uint32_t ticket = 0;
    deadline until;
    deadline look_again{};
  };

  void look(steady::time_point now);
  void convict(const stuck_thread& found, steady::time_point now);
  [[nodiscard]] bool still_runs(const stuck_thread& found) const noexcept;
  [[nodiscard]] bool has_answered(const convicted& one) const noexcept;
  void carry_out(const convicted& one);

  [[nodiscard]] os::black_box& box_of(std::uint32_t worker) const { return *boxes_[worker - 1]; }

  std::span<os::black_box* const> boxes_;
  stuck_watch watch_;
  end_process end_;
  std::function<bool(std::uint32_t, pid_t)> is_of_;
  std::vector<sighting> seen_;
  std::vector<convicted> convicted_;
  std::uint32_t last_ticket_ = 0;
};

}  // namespace samjoko::supervise
