#pragma once
// Charter: where the program's one hub is found. The master opens the listener before it forks and
// keeps it, so that the name stays good while a hub dies and another one starts: who connects
// meanwhile waits in the backlog.

#include <optional>
#include <samjoko/base/result.hpp>
#include <samjoko/os/address.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::hub {

/// Opens the listener and makes it the hub of this process and all that it forks from now on.
/// Before threads are made. Errors: EMFILE, ENOMEM.
[[nodiscard]] result<os::descriptor> open_rendezvous();

/// Nothing in a program without a hub.
[[nodiscard]] const std::optional<os::address>& rendezvous() noexcept;

}  // namespace samjoko::hub
