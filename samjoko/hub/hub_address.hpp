#pragma once
// Charter: where the program's one hub is found. The master opens the listener before it forks and
// keeps it, so the name stays valid while a hub dies and another one starts. A link that connects
// meanwhile waits in the backlog.

#include <optional>
#include <samjoko/base/result.hpp>
#include <samjoko/os/address.hpp>
#include <samjoko/os/descriptor.hpp>
#include <string>

namespace samjoko::hub {

/// Opens the listener for this process and all that it forks from now on. Call this before threads
/// are made. Errors: EMFILE, ENOMEM.
[[nodiscard]] result<os::descriptor> open_rendezvous();

/// Opens the listener again under the name that it had, after its last copy was closed: living
/// workers know no other name. Errors: EADDRINUSE when another program has taken the name.
[[nodiscard]] result<os::descriptor> reopen_rendezvous();

/// Whether the socket is connected to a listener of the user who opened the hub address. While it
/// is closed any process can take its name, which has no permission bits.
[[nodiscard]] bool is_connected_to_rendezvous(int socket) noexcept;

/// The links of this process see names and topics of that space, and none of other spaces. Call
/// this before there are links. At most longest_text bytes; the first space is the one without a
/// name.
void enter_space(std::string name);
[[nodiscard]] const std::string& entered_space() noexcept;

/// The hub's address; nothing in a program without a hub.
[[nodiscard]] const std::optional<os::address>& hub_address() noexcept;

}  // namespace samjoko::hub
