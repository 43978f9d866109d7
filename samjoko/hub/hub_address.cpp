#include <samjoko/hub/hub_address.hpp>

#include <samjoko/base/check.hpp>
#include <samjoko/os/abstract_socket.hpp>
#include <samjoko/os/socket.hpp>
#include <utility>

namespace samjoko::hub {
namespace {

/// All links of all workers may come at once after a hub's death. The kernel cuts this to
/// net.core.somaxconn, and a link that finds the backlog full tries again.
constexpr int backlog = 65'535;

std::optional<os::address> known;
uid_t owner = 0;
std::string own_space;

}  // namespace

result<os::descriptor> open_rendezvous() {
  auto listener = os::listen_without_file(backlog);
  if (!listener) return listener;
  auto name = os::local_address(listener->get());
  if (!name) return failure_of(name);
  known = *name;
  owner = os::this_user();
  return listener;
}

result<os::descriptor> reopen_rendezvous() {
  SAMJOKO_CHECK(known, "a rendezvous is opened before it is opened again");
  return os::listen_without_file(backlog, &*known);
}

bool is_connected_to_rendezvous(int socket) noexcept { return os::peer_user(socket) == owner; }

void enter_space(std::string name) { own_space = std::move(name); }

const std::string& entered_space() noexcept { return own_space; }

const std::optional<os::address>& hub_address() noexcept { return known; }

}  // namespace samjoko::hub
