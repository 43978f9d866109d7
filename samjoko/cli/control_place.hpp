#pragma once
// Charter: where control sockets are by default: PROGRAM.PID in a folder of the user, so that
// several servers on one machine can be told apart.

#include <samjoko/base/result.hpp>
#include <string>
#include <vector>

namespace samjoko::cli {

/// The path for this process; makes its folder. Errors: that of the last folder that was tried.
[[nodiscard]] result<std::string> usual_control_path();

/// A server that answers.
struct found_server {
  std::string path;
  std::string name;  ///< "samjoko.4711"
};
/// Servers of this program in all the places where they may be. Servers that are gone are left out,
/// and their sockets removed.
[[nodiscard]] std::vector<found_server> find_servers();

}  // namespace samjoko::cli
