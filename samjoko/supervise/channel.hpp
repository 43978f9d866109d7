#pragma once
// Charter: the line between the master and one worker: a pair of sockets that carries small
// messages of a fixed form, each whole or not at all (SOCK_SEQPACKET, man 7 unix), and descriptors
// beside them. Both ends never block. The end of the other side's life is an end of file, which is
// how a worker learns that its master is gone.

#include <cstdint>
#include <optional>

#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/packet_pair.hpp>

namespace samjoko::supervise {

enum class message_kind : std::uint16_t {
  // from the master
  stop_graceful = 1,
  stop_immediate = 2,
  log_descriptor = 3,  ///< with a descriptor: write your lines there from now on
  // from the worker
  ready = 16,
  leaving = 18,  ///< it stops by itself, gracefully, and wants to be replaced
  death = 20,    ///< of a process of its own, which waits on the board for the master
};

struct message {
  message_kind kind{};
  std::uint32_t value = 0;
};

struct received {
  message what;
  os::descriptor attached;
  /// A descriptor was sent and lost: this process has none free (MSG_CTRUNC).
  bool lost_descriptor = false;
};

class channel {
 public:
  /// Of the form of messages. Both sides are one program until it is upgraded in flight.
  static constexpr std::uint16_t version = 1;

  channel() noexcept = default;
  explicit channel(os::descriptor end) noexcept : end_(std::move(end)) {}

  struct both_ends;
  /// Close-on-exec and non-blocking. Errors: EMFILE, ENFILE.
  [[nodiscard]] static result<both_ends> open();

  /// To poll on; -1 once closed.
  [[nodiscard]] int descriptor() const noexcept { return end_.get(); }
  [[nodiscard]] bool is_open() const noexcept { return static_cast<bool>(end_); }
  void close() noexcept { end_.reset(); }

  /// Sends one message, with a copy of `attached` unless that is -1. Errors: EAGAIN (the other does
  /// not read), end_of_stream (the other is gone).
  [[nodiscard]] result<void> send(message what, int attached = -1) const;
  /// The next message, or none for now. Errors: end_of_stream (the other is gone, and all it had
  /// sent has been read), malformed (another version: not understood, and read away).
  /// The master takes no descriptors from workers: it expects none.
  [[nodiscard]] result<std::optional<received>> receive(
      os::attached_too what = os::attached_too::taken) const;

 private:
  os::descriptor end_;
};

struct channel::both_ends {
  channel master;
  channel worker;
};

}  // namespace samjoko::supervise
