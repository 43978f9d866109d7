#pragma once
// Charter: one listener of a service, opened as its options say, and advice where that fails.

#include <samjoko/cli/options.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/supervise/master.hpp>
#include <string>

namespace samjoko::cli {

/// Opens the listener for the group of workers. `file` gets the file that a unix socket makes.
/// Errors: as os::listen_on.
[[nodiscard]] result<supervise::named_listener> open_listener(const serve_options& options,
                                                              const os::address& where,
                                                              std::size_t group,
                                                              os::socket_file& file);
/// What to try when the listener could not be opened; empty when nothing is known.
[[nodiscard]] std::string advice_for(const error& wrong, const os::address& where);

}  // namespace samjoko::cli
