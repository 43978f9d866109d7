#pragma once
// Charter: any program as a service: one process of it for each client, with the client's socket as
// its standard input and output, as tcpserver, inetd and systemd (Accept=yes) do it. The socket
// belongs to the program alone: no byte passes through here, and the program itself handles
// half-closed directions. Standard error stays this process's.
//
// In every model the program is a child of the process that runs the handler, which waits for it
// (net/child.hpp): the same order to stop, the same line in the log. In `process` with `each` the
// client's process could become the program instead, without a second process. It does not, since a
// worker's orders would then reach a program that knows nothing of them. The cheapest placement is
// another one anyhow: multiplex, where one process starts all programs and copies nothing.

#include <samjoko/service/handler.hpp>
#include <string>
#include <vector>

namespace samjoko::services {

struct exec_options {
  /// The program and its arguments; looked up in PATH once, here.
  std::vector<std::string> words;
};

/// The service of one client ends when its program ends. A graceful stop sends the program's group
/// SIGTERM and waits; an immediate stop sends SIGKILL. What a program leaves running in its group
/// is waited for as if it were the program. A program that did not end well is logged. Errors:
/// bad_argument without a program; ENOENT, EACCES, ENOEXEC (os/program.hpp, check_program).
[[nodiscard]] result<service> make_exec(exec_options options);

}  // namespace samjoko::services
