#pragma once
// Charter: what the master does about stuck work. It watches the steps of all threads that serve,
// asks a stuck one for its stack, and has its process ended. A stuck worker is ended whole; a
// process that serves one client is ended alone.

#include <functional>
#include <span>
#include <vector>

#include <samjoko/postmortem/death_recorder.hpp>
#include <samjoko/scoreboard/thread_slot.hpp>
#include <samjoko/supervise/stuck_watch.hpp>

namespace samjoko::supervise {

class stuck_watchdog {
 public:
  /// How long a stuck thread has to answer with its stack.
  static constexpr milliseconds time_to_answer{500};

  using end_process =
      std::function<void(std::uint32_t worker, pid_t, postmortem::own_limit, milliseconds)>;

  /// `boxes`: those of the workers, by number less 1. Without boxes nothing is watched.
  /// `end(worker, pid, limit, after)` ends a process. `is_of(worker, pid)`: whether the process is
  /// that worker or was forked by it. A worker writes the cells of its box, so they can never make
  /// the master ask or end a process of another owner. An empty `is_of` accepts all.
  stuck_watchdog(std::span<postmortem::black_box* const> boxes, milliseconds timeout,
                 end_process end, std::function<bool(std::uint32_t, pid_t)> is_of = {});

  void tend(steady::time_point now);
  [[nodiscard]] deadline next_time() const noexcept;

 private:
  struct stuck_process {
    stuck_thread thread;
    std::uint32_t worker = 0;
    std::uint32_t ticket = 0;
    deadline until;
    deadline look_again{};
  };

  void look(steady::time_point now);
  void ask_for_stack(const stuck_thread& found, steady::time_point now);
  [[nodiscard]] bool still_runs(const stuck_thread& found) const noexcept;
  [[nodiscard]] bool has_answered(const stuck_process& one) const noexcept;
  void end_stuck(const stuck_process& one);

  [[nodiscard]] postmortem::black_box& box_of(std::uint32_t worker) const {
    return *boxes_[worker - 1];
  }

  std::span<postmortem::black_box* const> boxes_;
  stuck_watch watch_;
  end_process end_;
  std::function<bool(std::uint32_t, pid_t)> is_of_;
  std::vector<sighting> seen_;
  std::vector<stuck_process> stuck_;
  std::uint32_t last_ticket_ = 0;
};

}  // namespace samjoko::supervise
