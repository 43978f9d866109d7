#pragma once
// Charter: what the master does about deaths beyond reaping: records and tells them, and has the
// stacks of those that crashed unwound, in a helper process with a time limit, one at a time. The
// master never waits for it, and a dead worker's successor does not either.

#include <optional>

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

  /// `children` are the master's; `box` may be null: then deaths are told, and nothing more.
  undertaker(kernel& kernel, os::children& children, os::black_box* box);

  [[nodiscard]] os::registrar& deaths() noexcept { return deaths_; }
  [[nodiscard]] os::black_box* box() const noexcept { return box_; }

  /// Has the oldest stack unwound that waits for it, unless the helper is busy; ends one that takes
  /// too long.
  void tend(steady::time_point now);
  [[nodiscard]] deadline next_time() const noexcept {
    return looks_ && helper_.pid == 0 ? deadline(steady::time_point::min()) : until_;
  }
  /// Somebody may have put a death on the board that waits.
  void look() noexcept { looks_ = box_ != nullptr; }
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

  void start_helper(const os::death_record& dead, steady::time_point now);
  void unwind(os::capture_slot& slot) const;
  void tell(os::death_record& dead);

  kernel& kernel_;
  os::children& children_;
  os::black_box* box_;
  os::registrar deaths_;
  os::shared_cells<unwound> result_;
  held_process helper_;
  bool looks_ = false;
  os::death_record at_work_;  ///< whose stack the helper unwinds
  deadline until_;
};

}  // namespace samjoko::supervise
