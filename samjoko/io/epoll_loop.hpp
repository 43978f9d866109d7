#pragma once
// Charter: many clients in one thread, by readiness (man 7 epoll). A fresh descriptor is tried
// before it is registered. It is registered once, edge-triggered, for input, and for output too
// when it first could take none: nearly every descriptor can, and the edge that would say so at
// once costs a wait. After a receive that left room in its buffer nothing is tried before the next
// edge, so a request costs no EAGAIN.

#include <samjoko/io/loop.hpp>
#include <samjoko/io/timers.hpp>
#include <samjoko/os/epoll.hpp>
#include <vector>

namespace samjoko::io {

class epoll_loop final : public loop {
 public:
  epoll_loop();

  start begin(operation& wanted) override;
  void cancel(operation& pending) noexcept override;
  void run() override;
  void wake() noexcept override { epoll_.wake(); }

 private:
  enum class watched : std::uint8_t { nothing, input, both };

  /// What the loop knows of one descriptor number. A stale event for a number that was closed and
  /// used again is harmless: it only makes the new owner try once in vain.
  struct descriptor_state {
    operation* reader = nullptr;
    operation* writer = nullptr;
    watched for_events = watched::nothing;
    bool may_read = true;
    bool may_write = true;
    /// More than one receive takes came with the event; no second edge follows.
    bool hung_up = false;
    /// No descriptors can lie beside the bytes. Known for sockets accepted from a listener of such
    /// a family.
    bool only_bytes = false;

    /// Where the one operation of that direction is, while it is pending or deferred.
    [[nodiscard]] operation*& place_of(operation_kind kind) noexcept {
      return waits_to_send(kind) ? writer : reader;
    }
  };

  [[nodiscard]] descriptor_state& state_of(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= descriptors_.size()) [[unlikely]]
      grow(index + 1);
    return descriptors_[index];
  }
  void grow(std::size_t least);
  void forget(const operation& last);
  [[nodiscard]] bool try_now(operation& wanted, descriptor_state& state, bool* progressed);
  [[nodiscard]] bool receive(operation& wanted, descriptor_state& state);
  [[nodiscard]] start wait(operation& wanted, descriptor_state& state);
  [[nodiscard]] start keep_pending(operation& wanted, descriptor_state& state);
  [[nodiscard]] int watch(const operation& wanted, descriptor_state& state,
                          watched needed) noexcept;
  [[nodiscard]] start pause(operation& wanted);
  void try_again(operation& paused);
  void set_due(operation& wanted) noexcept;
  void defer(operation& wanted, steady::time_point due) noexcept;
  void leave_place(operation& pending) noexcept;
  void resume(operation* waiter, descriptor_state& state);
  void finish(operation& ended, std::int64_t result) noexcept;
  void handle(const epoll_event& event);
  void run_deferred();
  void try_paused();
  [[nodiscard]] int longest_wait() noexcept;
  void complete_finished() noexcept;
  void one_turn();

  os::epoll epoll_;
  os::frequent_clock clock_;
  timers timers_;
  std::vector<descriptor_state> descriptors_;
  operation_list deferred_;          ///< could go on at once, but the task's budget was used up
  std::vector<operation*> paused_;   ///< wait for what no event tells; their deadlines run
  steady::time_point try_again_at_;  ///< when any operation is paused
  operation_list finished_;          ///< these have their result; complete() is still to be called
  int budget_ = 0;
};

}  // namespace samjoko::io
