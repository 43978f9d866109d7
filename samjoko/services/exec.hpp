#pragma once
// Charter: any program as a service: one for each client, with the client's socket as its standard
// input and output, as tcpserver, inetd and systemd (Accept=yes) do it. The socket is the program's
// alone: no byte passes through here, and what it does with half-closed directions is its own
// affair. Standard error stays this process's.
//
// In every model the program is a child of whoever runs the handler, which waits for it
// (net/child.hpp): the same order to stop, the same line in the log. In `process` with `each` the
// client's process could become the program instead, without a second process; it does not, since
// then a worker's orders would reach a program that knows nothing of them, and the cheapest way is
// another one anyhow: multiplex, where one process starts all programs and copies nothing.

#include <samjoko/serve/handler.hpp>
#include <string>
#include <vector>

namespace samjoko::services {

struct exec_options {
  /// The program and its arguments; found in PATH once, here.
  std::vector<std::string> words;
};

/// Ends when its program ends. A graceful stop sends the program's group SIGTERM and waits; an
/// immediate one SIGKILL. What a program leaves running in its group is waited for as if it were
/// the program. A program that did not end well is told in the log. Errors: bad_argument without a
/// program; ENOENT, EACCES, ENOEXEC (os/program.hpp, check_program).
[[nodiscard]] result<service> make_exec(exec_options options);

}  // namespace samjoko::services
