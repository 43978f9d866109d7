#include <samjoko/os/packet_pair.hpp>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace samjoko::os {
namespace {

// Room for one descriptor, aligned as man 3 cmsg asks.
union control_room {
  cmsghdr align;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

void attach(msghdr& header, control_room& room, int number) {
  header.msg_control = room.bytes.data();
  header.msg_controllen = room.bytes.size();
  cmsghdr* control = CMSG_FIRSTHDR(&header);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(sizeof number);
  std::memcpy(CMSG_DATA(control), &number, sizeof number);
}

/// Takes the first descriptor and closes the others. The room for one has room for a second
/// (CMSG_SPACE is aligned), so a sender could fill this process's table with descriptors that are
/// not expected.
descriptor take_attached(msghdr& header) {
  descriptor first;
  for (auto* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    const auto count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t n = 0; n < count; ++n) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(control) + n * sizeof number, sizeof number);
      descriptor each(number);
      if (!first) first = std::move(each);
    }
  }
  return first;
}

// A peer that closes while packets of ours are unread resets the connection; it is gone all the
// same.
bool means_gone(int code) { return code == EPIPE || code == ECONNRESET || code == ENOTCONN; }

}  // namespace

result<packet_pair> open_packet_pair() {
  int ends[2];
  constexpr int type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
  if (::socketpair(AF_UNIX, type, 0, ends) != 0) return failure(errno, "socketpair");
  return packet_pair{descriptor(ends[0]), descriptor(ends[1])};
}

result<void> send_packet(const descriptor& to, bytes packet, int attached) {
  iovec piece{const_cast<std::byte*>(packet.data()), packet.size()};
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  control_room room = {};
  if (attached >= 0) attach(header, room, attached);
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(to.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {};
  if (means_gone(errno)) return failure(condition::end_of_stream, "sendmsg");
  return failure(errno, "sendmsg");
}

result<std::optional<received_packet>> receive_packet(const descriptor& from, mutable_bytes room,
                                                      attached_too what) {
  iovec piece{room.data(), room.size()};
  control_room control = {};
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  if (what == attached_too::taken) {  // else the kernel drops it (man 2 recv, MSG_CTRUNC)
    header.msg_control = control.bytes.data();
    header.msg_controllen = control.bytes.size();
  }
  ssize_t count = -1;
  do {
    count = ::recvmsg(from.get(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EAGAIN) return std::nullopt;
  if (count == 0 || (count < 0 && means_gone(errno))) {
    return failure(condition::end_of_stream, "recvmsg");
  }
  if (count < 0) return failure(errno, "recvmsg");
  return received_packet{static_cast<std::size_t>(count),
                         what == attached_too::taken ? take_attached(header) : descriptor(),
                         (header.msg_flags & MSG_TRUNC) != 0, (header.msg_flags & MSG_CTRUNC) != 0};
}

}  // namespace samjoko::os
