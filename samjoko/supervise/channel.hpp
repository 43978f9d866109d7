#pragma once
// Charter: the line between the master and one worker: a pair of sockets that carries small
// messages of a fixed form, each whole or not at all (SOCK_SEQPACKET, man 7 unix), and descriptors
// beside them. Both ends never block. When the process at one end has ended, the other end reads an
// end of file: so a worker learns that its master is gone.

#include <cstdint>
#include <optional>

#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/packet_pair.hpp>

namespace samjoko::supervise {

enum class message_kind : std::uint16_t {
  // Sent by the master.
  stop_graceful = 1,
  stop_immediate = 2,
  log_descriptor = 3,  ///< with a descriptor: write log lines there from now on
  // Sent by the worker.
  ready = 16,
  leaving = 18,  ///< the worker stops by itself, gracefully, and wants to be replaced
  death = 20,    ///< a process of the worker died; its death waits on the board for the master
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
  /// The version of the form of messages. Both sides are one program until it is upgraded in
  /// flight.
  static constexpr std::uint16_t version = 1;

  channel() noexcept = default;
  explicit channel(os::descriptor end) noexcept : end_(std::move(end)) {}

  struct both_ends;
  /// Close-on-exec and non-blocking. Errors: EMFILE, ENFILE.
  [[nodiscard]] static result<both_ends> open();

  /// The descriptor to poll; -1 once closed.
  [[nodiscard]] int descriptor() const noexcept { return end_.get(); }
  [[nodiscard]] bool is_open() const noexcept { return static_cast<bool>(end_); }
  void close() noexcept { end_.reset(); }

  /// Sends one message, with a copy of `attached` unless that is -1. Errors: EAGAIN (the other side
  /// does not read), end_of_stream (the other side is gone).
  [[nodiscard]] result<void> send(message what, int attached = -1) const;
  /// The next message, or none for now. Errors: end_of_stream (the other side is gone, and all that
  /// it sent has been read), malformed (another version: not understood, and read away). The master
  /// takes no descriptors from workers.
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
