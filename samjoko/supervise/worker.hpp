#pragma once
// Charter: the worker's side of supervision. The worker says when it is ready, learns when to stop,
// and stops by itself when its master is gone. Everything arrives at one descriptor to poll.

#include <cstdint>
#include <initializer_list>
#include <optional>

#include <samjoko/base/deadline.hpp>
#include <samjoko/os/reminder.hpp>
#include <samjoko/os/signals.hpp>
#include <samjoko/supervise/heritage.hpp>

namespace samjoko::supervise {

/// An environment variable of all programs that are started under a worker: the worker's process.
/// The master finds by it what they leave behind, in whatever session or group that is.
inline constexpr const char* worker_variable = "SAMJOKO_WORKER";

enum class stop_order : std::uint8_t { none, graceful, immediate };

/// Lives in the worker's one thread. The master makes it in the child, first of all, while every
/// signal is still blocked; then all get through.
class worker {
 public:
  explicit worker(heritage inherited);
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  ~worker();

  [[nodiscard]] const heritage& inherited() const noexcept { return inherited_; }
  [[nodiscard]] std::vector<named_listener>& listeners() noexcept { return inherited_.listeners; }
  [[nodiscard]] scoreboard::worker_slot& counters() const noexcept { return *inherited_.counters; }

  /// The worker listens and can serve. Until this call it counts as not yet booted, and is ended at
  /// plan_settings::boot_limit.
  void ready();
  /// This worker will stop by itself (it has served enough clients) and wants a successor.
  void leaving();

  /// Readable when take() has something to do; level-triggered. Watch it from poll or epoll.
  [[nodiscard]] int descriptor() const noexcept { return together_.get(); }
  /// Reads all that has come and returns the strongest order so far. The order never gets weaker,
  /// so asking twice is harmless. Graceful: accept what is in the backlog, close the listeners, let
  /// each client finish, end by returning. Immediate: return now. An end of file from the master,
  /// or a SIGTERM to this worker alone, is a graceful order. Without a master the worker keeps the
  /// stop's limit by its own clock, and SIGTERM and SIGINT are orders to end at once. A second
  /// after the log's rate limit held lines back, the descriptor becomes readable and this call logs
  /// how many; nothing else here wakes an idle worker.
  [[nodiscard]] stop_order take();
  /// Whether a child of this worker ended since the last call (SIGCHLD): reap. True also when
  /// several did.
  [[nodiscard]] bool take_children_ended() noexcept;
  /// A death of a process of this worker stands on the board and waits for its stack. False when
  /// there is no master to handle it.
  bool death_waits();
  [[nodiscard]] bool master_is_gone() const noexcept { return !inherited_.to_master.is_open(); }

 private:
  void carry_black_box();
  void take_signals();
  void take_messages();
  void obey(received got);
  void take_interrupts();
  void obey_signal(const os::signal_notice& notice);
  void raise_to(stop_order order) noexcept;
  void tell(message_kind kind, std::uint32_t value = 0);
  void lose_master();

  heritage inherited_;
  os::signal_queue signals_;
  os::reminder log_is_due_;
  os::descriptor together_;
  std::optional<os::signal_queue> interrupts_;  ///< without a master
  steady::time_point must_end_{};               ///< set without a master
  stop_order order_ = stop_order::none;
  bool children_ended_ = false;
};

}  // namespace samjoko::supervise
