#pragma once
// Charter: the addresses of a host, looked up without holding up other clients, in every model.

#include <samjoko/net/connection.hpp>
#include <samjoko/os/host_name.hpp>
#include <vector>

namespace samjoko {

/// Looks the host up on the loop of `from`. Errors: condition::unknown_host,
/// condition::no_name_server, ETIMEDOUT past `end`, ECANCELED.
[[nodiscard]] task<result<std::vector<os::address>>> resolve(connection& from,
                                                             const os::host_name& host,
                                                             deadline end);

}  // namespace samjoko
