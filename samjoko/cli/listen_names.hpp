#pragma once
// Charter: turns a listener that was given by a host's name into one for each of the host's
// addresses, at the start, before anything is opened.

#include <samjoko/cli/placement.hpp>
#include <vector>

namespace samjoko::cli {

/// Looks the names up, 10 s at most for each. Of a name with several addresses, those that this
/// machine does not have or cannot have (IPv6 is off) are left out, with a line in the log. Errors:
/// of the look-up; EADDRNOTAVAIL when none of the addresses is left.
[[nodiscard]] result<std::vector<listener_options>> with_addresses(
    const std::vector<listener_options>& listen);

}  // namespace samjoko::cli
