// Apart from the rest of scoreboard/thread_slot.hpp: a crash handler needs that part, which formats
// nothing.

#include <netinet/in.h>

#include <cstring>
#include <samjoko/os/address.hpp>
#include <samjoko/scoreboard/thread_slot.hpp>

namespace samjoko::scoreboard {

std::string text_of(const peer_name& peer) {
  if (peer.size == 0 || peer.size > peer.bytes.size()) return {};
  sa_family_t family = 0;
  std::memcpy(&family, peer.bytes.data(), sizeof family);
  const bool known_form = (family == AF_INET && peer.size >= sizeof(sockaddr_in)) ||
                          (family == AF_INET6 && peer.size >= sizeof(sockaddr_in6));
  if (family == AF_UNIX) return "a unix socket";
  if (!known_form) return {};
  return os::address(reinterpret_cast<const sockaddr*>(peer.bytes.data()), peer.size).text();
}

}  // namespace samjoko::scoreboard
