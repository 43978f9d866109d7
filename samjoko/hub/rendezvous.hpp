#pragma once
// Charter: where the program's one hub is found. The master opens the listener before it forks and
// keeps it, so that the name stays good while a hub dies and another one starts: who connects
// meanwhile waits in the backlog.

#include <optional>
#include <samjoko/base/result.hpp>
#include <samjoko/os/address.hpp>
#include <samjoko/os/descriptor.hpp>
#include <string>

namespace samjoko::hub {

/// Opens the listener and makes it the hub of this process and all that it forks from now on.
/// Before threads are made. Errors: EMFILE, ENOMEM.
[[nodiscard]] result<os::descriptor> open_rendezvous();

/// Opens it again under the name that it had, after the last copy of it was closed: workers that
/// live know no other. Errors: EADDRINUSE when another program has taken the name.
[[nodiscard]] result<os::descriptor> reopen_rendezvous();

/// Whether the socket is connected to a listener of the user who opened the rendezvous. While it is
/// closed anybody can take its name, which has no permission bits.
[[nodiscard]] bool is_connected_to_rendezvous(int socket) noexcept;

/// The links of this process see names and topics of that space, and none of others. Before there
/// are any. At most longest_text bytes; at first the space without a name.
void enter_space(std::string name);
[[nodiscard]] const std::string& entered_space() noexcept;

/// Nothing in a program without a hub.
[[nodiscard]] const std::optional<os::address>& rendezvous() noexcept;

}  // namespace samjoko::hub
