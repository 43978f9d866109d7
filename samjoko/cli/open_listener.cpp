#include <samjoko/cli/open_listener.hpp>

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/handed_descriptors.hpp>

namespace samjoko::cli {

using supervise::named_listener;

std::string advice_for(const error& wrong, const os::address& where) {
  if (where.inherited() == os::address::missing)
    return os::why_not_handed(where.handed_name(), os::handed_to_this_process());
  if (wrong.is(EADDRINUSE))
    return "another server listens there; stop it or choose another address";
  if (wrong.is(EACCES) && where.port() != 0 && where.port() < 1024)
    return "ports below 1024 need root or CAP_NET_BIND_SERVICE; choose one above";
  if (wrong.is(EADDRNOTAVAIL)) return "this machine does not have that address";
  return {};
}

result<named_listener> open_listener(const serve_options& options, const os::address& where,
                                     std::size_t group, os::socket_file& file) {
  const os::listen_options how{
      .backlog = options.backlog, .unix_mode = options.unix_mode, .unix_owner = options.unix_owner};
  auto socket = os::listen_on(where, how, &file);
  if (!socket) return failure_of(socket);
  const auto bound = os::local_address(socket->get());
  const bool has_ipv6 = bound && bound->family() == AF_INET6;
  if (bound && where.dual_stack() && !has_ipv6)
    log::notice(log::every("start"), "{}: IPv6 is off on this machine; IPv4 only", where.text());
  auto name = !bound                           ? where.text()
              : where.dual_stack() && has_ipv6 ? fmt::format(":{}", bound->port())
                                               : bound->text();
  return named_listener{.socket = std::move(*socket),
                        .name = std::move(name),
                        .group = group,
                        .is_given = where.inherited() >= 0};
}

}  // namespace samjoko::cli
