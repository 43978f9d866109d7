#pragma once
// Charter: connections to others, in every model.

#include <samjoko/net/connection.hpp>

namespace samjoko {

/// Connects to a TCP or unix address, on the loop of `from`. ETIMEDOUT after `limit`. Make a
/// connection of the result: `connection upstream(client, std::move(*socket));`
[[nodiscard]] task<result<os::descriptor>> connect(connection& from, const os::address& to,
                                                   milliseconds limit);

}  // namespace samjoko
