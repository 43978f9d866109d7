#pragma once
// Charter: what waits in the hub for one subscriber. The queue is bounded and reports what is
// missing. Pure: the caller passes the time.
//
//   ok       there is room
//   filling  it was full, or overfull of answers, and has not been half empty since. Publishers
//            wait limits::publisher_wait for it; then messages are left out and counted, until it
//            is half empty: then the count is put where they are missing, and all is ok again
//   dropped  not half empty within limits::slow_for: it gets nothing more but a frame that says so

#include <sys/uio.h>

#include <memory>
#include <samjoko/hub/limits.hpp>
#include <span>
#include <string>
#include <vector>

namespace samjoko::hub {

/// One message, shared by the queues of all links that get it.
using shared_frame = std::shared_ptr<const std::string>;

enum class queue_state : std::uint8_t { ok, filling, dropped };

class queue {
 public:
  using moment = steady::time_point;
  /// `bounds` must outlive the queue.
  explicit queue(const limits& bounds) noexcept : limits_(bounds) {}

  [[nodiscard]] queue_state state() const noexcept { return state_; }
  /// Whether one more message would have to be left out, and its publisher may wait for room.
  [[nodiscard]] bool asks_to_wait(moment now) noexcept;
  /// Adds a message: behind the others, or left out and counted.
  void put(const shared_frame& message, moment now);
  /// Adds an answer to what this subscriber asked: never left out. See is_overfull().
  void put_answer(shared_frame answer);
  /// Whether so many answers wait that this subscriber should ask nothing more.
  [[nodiscard]] bool is_overfull() const noexcept { return fills(2); }

  [[nodiscard]] bool empty() const noexcept { return first_ == items_.size(); }
  [[nodiscard]] std::size_t messages() const noexcept { return items_.size() - first_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_; }
  /// Fills `room` with the bytes to send next, as many parts as fit; returns how many parts.
  [[nodiscard]] std::size_t front(std::span<iovec> room) const noexcept;
  /// `count` bytes of the front were sent.
  void sent(std::size_t count) noexcept;
  /// Call this after something was sent, and when due() has passed.
  void look_at_state(moment now);
  /// When look_at_state() may have something to do by time alone.
  [[nodiscard]] deadline due() const noexcept;

 private:
  [[nodiscard]] bool fills(std::size_t times) const noexcept {
    return messages() >= times * limits_.queue_messages || bytes_ >= times * limits_.queue_bytes;
  }
  void push(shared_frame item);
  void say_what_is_lost();
  void drop();

  const limits& limits_;
  std::vector<shared_frame> items_;
  std::size_t first_ = 0;
  std::size_t sent_of_first_ = 0;
  std::size_t bytes_ = 0;  ///< that are still to be sent
  std::uint64_t lost_ = 0;
  moment full_since_{};
  queue_state state_ = queue_state::ok;
};

}  // namespace samjoko::hub
