#pragma once
// Charter: what the master does about deaths beyond reaping. It records and reports them, and takes
// over what workers have recorded of their own processes. A helper process with a time limit
// unwinds the stacks of processes that crashed, one at a time. The master never waits for it, and a
// dead worker's successor does not either.

#include <functional>
#include <optional>
#include <vector>

#include <samjoko/os/shared_memory.hpp>
#include <samjoko/postmortem/death_recorder.hpp>
#include <samjoko/supervise/kernel.hpp>

namespace samjoko::supervise {

class unwind_helper {
 public:
  /// The helper's tag among the master's children: no worker has it.
  static constexpr std::uint64_t helper_tag = ~std::uint64_t{0};
  static constexpr milliseconds time_to_unwind{20'000};
  /// More memory than the master has.
  static constexpr std::uint64_t memory_to_unwind = std::uint64_t{1} << 30;
  /// How many deaths recorded by workers the master looks at in one turn.
  static constexpr std::size_t most_in_a_turn = 128;

  /// `children` are the master's. `boxes` may be null: then deaths are reported, and nothing more.
  /// `known(worker)`: what the master knows of a worker, by its number, that has recorded a death.
  unwind_helper(kernel& kernel, os::children& children, postmortem::black_boxes* boxes,
                std::function<postmortem::death_report(std::uint32_t)> known);

  [[nodiscard]] postmortem::death_recorder& deaths() noexcept { return deaths_; }
  [[nodiscard]] postmortem::black_boxes* boxes() const noexcept { return boxes_; }
  /// Called in a child that is a worker: drops what belongs to the other workers and to the helper.
  void leave_to(std::size_t worker);
  /// `can_be(worker, pid)`: whether a worker can have reaped that process.
  void believe_only(std::function<bool(std::uint32_t, pid_t)> can_be) {
    can_be_ = std::move(can_be);
  }

  /// Takes over the deaths that were reported. Has the next waiting stack unwound, unless the
  /// helper is busy. Ends a helper that takes too long.
  void tend(steady::time_point now);
  [[nodiscard]] deadline next_time() const noexcept {
    return looks_ && helper_.pid == 0 ? deadline(steady::time_point::min()) : until_;
  }
  /// A process may have put a death that waits on a board.
  void look() noexcept { looks_ = boxes_ != nullptr; }
  [[nodiscard]] bool is_busy() const noexcept { return helper_.pid != 0 || looks_; }
  /// The helper was reaped: reports the death that it worked on.
  void helper_ended(const os::exit_status& status);

 private:
  struct unwound {
    std::atomic<std::uint32_t> done;
    std::uint8_t overflow;
    os::fixed_text<4096> stack;
    os::fixed_text<160> remark;
  };
  /// What was taken over from a worker's board.
  struct taken {
    std::uint64_t counted = 0;
    std::vector<std::uint64_t> sequences;  ///< by the place on the board
  };

  void take_over();
  void take_over(std::uint32_t worker);
  [[nodiscard]] bool is_new(std::uint32_t worker, std::uint64_t sequence);
  [[nodiscard]] postmortem::death_record believed(const postmortem::death_record& claimed,
                                                  std::uint32_t worker) const;
  [[nodiscard]] std::optional<postmortem::death_record> next_waiting();
  [[nodiscard]] postmortem::capture_slot* slot_of(const postmortem::death_record& dead) const;
  void start_helper(const postmortem::death_record& dead, steady::time_point now);
  [[noreturn]] void be_helper();
  void unwind(const postmortem::capture_slot& copy, std::string_view files) const;
  void say_how_it_is_confined() const;
  void tell(postmortem::death_record& dead);

  kernel& kernel_;
  os::children& children_;
  postmortem::black_boxes* boxes_;
  std::function<postmortem::death_report(std::uint32_t)> known_;
  std::function<bool(std::uint32_t, pid_t)> can_be_;
  postmortem::death_recorder deaths_;
  os::shared_cells<unwound> result_;
  held_process helper_;
  bool looks_ = false;
  bool said_ = false;
  std::vector<taken> taken_;          // by the number of a worker, less 1
  std::size_t turn_ = 0;              // the board to look at next; 0: the master's
  std::uint32_t board_of_ = 0;        // on which the death at work waits; 0: the master's
  postmortem::death_record at_work_;  // the death whose stack the helper unwinds
  deadline until_;
};

}  // namespace samjoko::supervise
