#pragma once
// Charter: the kernel interface on the real Linux kernel.

#include <samjoko/supervise/kernel.hpp>

namespace samjoko::supervise {

class linux_kernel final : public kernel {
 public:
  /// Only the master has `signals`: each child drops it.
  explicit linux_kernel(os::signal_queue signals) : signals_(std::move(signals)) {}

  [[nodiscard]] steady::time_point now() override { return steady::now(); }
  void wait(std::vector<pollfd>& for_these, deadline until) override;
  [[nodiscard]] std::span<const os::signal_notice> take_signals() override {
    return signals_.take();
  }
  [[nodiscard]] result<channel::both_ends> open_channel() override { return channel::open(); }
  [[nodiscard]] result<held_process> fork(const std::function<void()>& work) override;
  [[nodiscard]] std::optional<os::waited> wait_any() override;
  [[nodiscard]] result<void> kill(pid_t pid, const os::descriptor& handle, int signal) override;
  [[nodiscard]] std::vector<pid_t> children() override;
  [[nodiscard]] std::optional<pid_t> worker_of_program(pid_t child) override;
  std::vector<pid_t> signal_descendants(pid_t child, std::span<const int> signals) override;

 private:
  os::signal_queue signals_;
};

}  // namespace samjoko::supervise
