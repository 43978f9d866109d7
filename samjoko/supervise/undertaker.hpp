#pragma once
// Charter: what the master does about deaths beyond reaping: records and tells them, takes over
// what workers have recorded of processes of their own, and has the stacks of those that crashed
// unwound, in a helper process with a time limit, one at a time. The master never waits for it, and
// a dead worker's successor does not either.

#include <functional>
#include <optional>
#include <vector>

#include <samjoko/os/registrar.hpp>
#include <samjoko/os/shared_memory.hpp>
#include <samjoko/supervise/kernel.hpp>

namespace samjoko::supervise {

class undertaker {
 public:
  /// Of the helper among the master's children: no worker has it.
  static constexpr std::uint64_t helper_tag = ~std::uint64_t{0};
  static constexpr milliseconds time_to_unwind{20'000};
  /// More than what the master has.
  static constexpr std::uint64_t memory_to_unwind = std::uint64_t{1} << 30;
  /// How many deaths that workers have recorded are looked at in one turn of the master's.
  static constexpr std::size_t most_in_a_turn = 128;

  /// `children` are the master's; `boxes` may be null: then deaths are told, and nothing more.
  /// `known(worker)`: what the master knows of a worker, by its number, that has recorded a death.
  undertaker(kernel& kernel, os::children& children, os::black_boxes* boxes,
             std::function<os::deceased(std::uint32_t)> known);

  [[nodiscard]] os::registrar& deaths() noexcept { return deaths_; }
  [[nodiscard]] os::black_boxes* boxes() const noexcept { return boxes_; }
  /// In a child that is a worker: it has nothing of the others' and of the helper's.
  void leave_to(std::size_t worker);
  /// `can_be(worker, pid)`: whether a worker can have reaped that process.
  void believe_only(std::function<bool(std::uint32_t, pid_t)> can_be) {
    can_be_ = std::move(can_be);
  }

  /// Takes over what was told. Has the next stack unwound that waits for it, unless the helper is
  /// busy; ends one that takes too long.
  void tend(steady::time_point now);
  [[nodiscard]] deadline next_time() const noexcept {
    return looks_ && helper_.pid == 0 ? deadline(steady::time_point::min()) : until_;
  }
  /// Somebody may have put a death on a board that waits.
  void look() noexcept { looks_ = boxes_ != nullptr; }
  [[nodiscard]] bool is_busy() const noexcept { return helper_.pid != 0 || looks_; }
  /// The helper was reaped: tells the death that it was for.
  void helper_ended(const os::exit_status& status);

 private:
  struct unwound {
    std::atomic<std::uint32_t> done;
    std::uint8_t overflow;
    os::fixed_text<4096> stack;
    os::fixed_text<160> remark;
  };
  /// What was taken over from the board of a worker.
  struct taken {
    std::uint64_t counted = 0;
    std::vector<std::uint64_t> sequences;  ///< by the place on the board
  };

  void take_over();
  void take_over(std::uint32_t worker);
  [[nodiscard]] bool is_new(std::uint32_t worker, std::uint64_t sequence);
  [[nodiscard]] os::death_record believed(const os::death_record& claimed,
                                          std::uint32_t worker) const;
  [[nodiscard]] std::optional<os::death_record> next_waiting();
  [[nodiscard]] os::capture_slot* slot_of(const os::death_record& dead) const;
  void start_helper(const os::death_record& dead, steady::time_point now);
  [[noreturn]] void be_helper();
  void unwind(const os::capture_slot& copy, std::string_view files) const;
  void say_how_it_is_confined() const;
  void tell(os::death_record& dead);

  kernel& kernel_;
  os::children& children_;
  os::black_boxes* boxes_;
  std::function<os::deceased(std::uint32_t)> known_;
  std::function<bool(std::uint32_t, pid_t)> can_be_;
  os::registrar deaths_;
  os::shared_cells<unwound> result_;
  held_process helper_;
  bool looks_ = false;
  bool said_ = false;
  std::vector<taken> taken_;    // by the number of a worker, less 1
  std::size_t turn_ = 0;        // whose board is looked at next; 0: the master's
  std::uint32_t board_of_ = 0;  // on which the death at work waits; 0: the master's
  os::death_record at_work_;    // whose stack the helper unwinds
  deadline until_;
};

}  // namespace samjoko::supervise
