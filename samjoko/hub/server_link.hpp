#pragma once
// Charter: the hub's end of one link: its socket, what it has sent and was not handled yet, and
// whether it may be read or written.

#include <samjoko/hub/broker.hpp>
#include <samjoko/os/descriptor.hpp>
#include <string>

namespace samjoko::hub {

/// Accepts the next link of the backlog; EAGAIN when none waits.
[[nodiscard]] result<os::descriptor> accept_link(int listener);

class server_link {
 public:
  server_link(os::descriptor socket, const limits& bounds)
      : me{bounds, this}, socket_(std::move(socket)) {}

  [[nodiscard]] int number() const noexcept { return socket_.get(); }
  [[nodiscard]] static server_link& of(broker::member& which) noexcept {
    return *static_cast<own_member&>(which).link;
  }

  /// Takes the events that epoll reports.
  void hear(std::uint32_t events) noexcept;
  /// Reads once; unsets may_read when that was all.
  void receive();
  /// Frames of a dropped link are not handled any more, only its end.
  void forget_unhandled() noexcept { begin_ = received_.size(); }
  [[nodiscard]] bytes unhandled() const noexcept;
  void handled(std::size_t count) noexcept { begin_ += count; }
  /// Call this before anything else is received.
  void keep_unhandled();
  /// Sends what waits in the queue, as far as the kernel takes it; returns whether anything was
  /// sent. A link that is gone gets nothing more, but what it sent before is still read.
  bool flush(steady::time_point now);
  void end() noexcept { over_ = true; }
  [[nodiscard]] bool is_over() const noexcept { return over_; }

  struct own_member : broker::member {
    own_member(const limits& bounds, server_link* self) : member(bounds), link(self) {}
    server_link* link;
  };
  own_member me;
  bool may_read = true;
  bool may_write = true;
  bool active = false;
  bool is_filling = false;
  bool is_dropped = false;
  bool waits = false;      ///< its next frame is offered again
  bool is_behind = false;  ///< its next frames are handled when its answers are out
  deadline paused_until;

 private:
  os::descriptor socket_;
  std::string received_;
  std::size_t begin_ = 0;
  bool hung_up_ = false;
  bool deaf_ = false;
  bool over_ = false;
};

}  // namespace samjoko::hub
