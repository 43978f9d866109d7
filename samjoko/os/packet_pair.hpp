#pragma once
// Charter: two connected sockets that carry packets, each whole or not at all, and descriptors
// beside them (SOCK_SEQPACKET and SCM_RIGHTS, man 7 unix). Both ends never block.

#include <cstddef>
#include <optional>

#include <samjoko/base/bytes.hpp>
#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {

struct packet_pair {
  descriptor first;
  descriptor second;
};
/// Close-on-exec and non-blocking. Errors: EMFILE, ENFILE.
[[nodiscard]] result<packet_pair> open_packet_pair();

/// Sends one packet, with a copy of `attached` unless that is -1. Errors: EAGAIN (the other side
/// does not read), end_of_stream (the other side is gone).
[[nodiscard]] result<void> send_packet(const descriptor& to, bytes packet, int attached = -1);

struct received_packet {
  std::size_t size = 0;
  descriptor attached;
  bool cut = false;              ///< the packet was longer than the room, and its rest is lost
  bool lost_descriptor = false;  ///< one was sent, but this process has no number free (MSG_CTRUNC)
};
/// Whether an attached descriptor is wanted. Else it is closed at once, and takes no number.
enum class attached_too : bool { refused, taken };
/// The next packet, or none for now. Errors: end_of_stream (the other side is gone, and all it had
/// sent has been read; an empty packet looks the same, so send none).
[[nodiscard]] result<std::optional<received_packet>> receive_packet(
    const descriptor& from, mutable_bytes room, attached_too what = attached_too::taken);

}  // namespace samjoko::os
