#include <samjoko/cli/listen_names.hpp>

#include <algorithm>
#include <cerrno>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/host_lookup.hpp>
#include <samjoko/os/socket.hpp>

namespace samjoko::cli {
namespace {

constexpr std::chrono::seconds patience{10};

/// Those of the host's addresses that this machine can listen on.
result<std::vector<os::address>> own_addresses(const os::host_name& host) {
  auto found = os::look_up(host, deadline::after(patience));
  if (!found) return failure_of(found);
  std::erase_if(*found, [&](const os::address& each) {
    const auto possible = os::is_of_this_machine(each);
    if (!possible)
      log::notice(log::every("left out"), "{} is left out of {}: {}", each.text(), host.text(),
                  reason(possible.error().code()));
    return !possible;
  });
  if (found->empty()) return failure(EADDRNOTAVAIL, "listen", host.text());
  return found;
}

}  // namespace

result<std::vector<listener_options>> with_addresses(const std::vector<listener_options>& listen) {
  std::vector<listener_options> all;
  for (const auto& each : listen) {
    if (!each.host) {
      all.push_back(each);
      continue;
    }
    const auto addresses = own_addresses(*each.host);
    if (!addresses) return std::unexpected(addresses.error());
    for (const auto& where : *addresses) all.push_back({.where = where, .how = each.how});
  }
  return all;
}

}  // namespace samjoko::cli
