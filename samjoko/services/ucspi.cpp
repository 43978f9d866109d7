#include <samjoko/services/ucspi.hpp>

#include <samjoko/os/socket.hpp>

namespace samjoko::services {
namespace {

void add(std::vector<std::string>& to, const char* name, std::string value) {
  to.push_back(std::string(name) + "=" + std::move(value));
}

void add_unix(std::vector<std::string>& to, int socket, const os::address& local) {
  add(to, "PROTO", "UNIX");
  add(to, "UNIXLOCALPATH", std::string(local.path()));
  const auto own = os::own_identity();
  add(to, "UNIXLOCALUID", std::to_string(own.user));
  add(to, "UNIXLOCALGID", std::to_string(own.group));
  const auto peer = os::peer_process(socket);
  if (!peer) return;
  add(to, "UNIXREMOTEEUID", std::to_string(peer->user));
  add(to, "UNIXREMOTEEGID", std::to_string(peer->group));
  add(to, "UNIXREMOTEPID", std::to_string(peer->pid));
}

}  // namespace

std::vector<std::string> ucspi_environment(int socket) {
  std::vector<std::string> all;
  const auto local = os::local_address(socket);
  if (!local) return all;
  if (local->is_unix()) {
    add_unix(all, socket, *local);
    return all;
  }
  add(all, "PROTO", "TCP");
  add(all, "TCPLOCALIP", local->host());
  add(all, "TCPLOCALPORT", std::to_string(local->port()));
  const auto peer = os::peer_address(socket);
  if (!peer) return all;
  add(all, "TCPREMOTEIP", peer->host());
  add(all, "TCPREMOTEPORT", std::to_string(peer->port()));
  return all;
}

const std::vector<std::string>& ucspi_names() {
  static const std::vector<std::string> names{
      "PROTO",         "TCPLOCALIP",    "TCPLOCALPORT",  "TCPLOCALHOST",   "TCPREMOTEIP",
      "TCPREMOTEPORT", "TCPREMOTEHOST", "TCPREMOTEINFO", "TCPCONNNUM",     "UNIXLOCALPATH",
      "UNIXLOCALUID",  "UNIXLOCALGID",  "UNIXLOCALPID",  "UNIXREMOTEEUID", "UNIXREMOTEEGID",
      "UNIXREMOTEPID", "UNIXREMOTEPATH"};
  return names;
}

}  // namespace samjoko::services
