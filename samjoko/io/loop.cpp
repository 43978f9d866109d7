#include <samjoko/io/loop.hpp>

#include <samjoko/os/socket.hpp>

namespace samjoko::io {

result<os::address> loop::peer_of(int socket) const { return os::peer_address(socket); }
result<os::address> loop::local_of(int socket) const { return os::local_address(socket); }

}  // namespace samjoko::io
