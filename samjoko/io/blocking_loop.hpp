#pragma once
// Charter: one client that has the thread, or the process, for itself. While one task is alive an
// operation is the plain blocking system call, made in begin(): the coroutine never suspends. A
// receive is one system call; its idle deadline is the socket's own (SO_RCVTIMEO), set only when it
// changes. When the client has several live tasks, their operations are pending, and its few
// descriptors are swept with poll(2).

#include <poll.h>

#include <samjoko/io/loop.hpp>
#include <samjoko/io/timers.hpp>
#include <samjoko/os/thread_interrupt.hpp>
#include <vector>

namespace samjoko::io {

class blocking_loop final : public loop {
 public:
  blocking_loop() noexcept : loop(true) {}

  start begin(operation& wanted) override;
  void cancel(operation& pending) noexcept override;
  void run() override;
  void wake() noexcept override { interrupt_.send(); }

 private:
  [[nodiscard]] bool is_alone_in_its_direction(const operation& wanted) const noexcept;
  enum class outcome { done, woken };

  [[nodiscard]] outcome block(operation& wanted);
  [[nodiscard]] outcome block_again(operation& pending);
  [[nodiscard]] outcome block_in_place(operation& wanted);
  [[nodiscard]] outcome after_idle_limit(operation& wanted);
  [[nodiscard]] outcome block_with_poll(operation& wanted);
  [[nodiscard]] outcome wait_until_due(operation& wanted);
  [[nodiscard]] outcome give_up(operation& wanted, std::int64_t result) noexcept;
  static void restore_mode(const operation& ended) noexcept;
  [[nodiscard]] bool attend(operation& blocked);
  void set_idle_limit(int fd, std::uint32_t idle_ms) noexcept;
  [[nodiscard]] bool try_now(operation& wanted, bool* progressed = nullptr);
  void wait_for_pending();
  void sweep(deadline at_most);
  void sweep_one(operation& each, short events, steady::time_point now);
  void finish(operation& ended, std::int64_t result) noexcept;
  void complete_finished() noexcept;

  os::thread_interrupt interrupt_;
  operation* blocked_ = nullptr;
  bool blocked_cancelled_ = false;
  std::vector<operation*> pending_;
  std::vector<operation*> swept_;
  std::vector<pollfd> waits_;
  operation_list finished_;
  int completed_in_place_ = 0;
  int idle_fd_ = -1;
  std::uint32_t idle_ms_ = 0;
};

}  // namespace samjoko::io
