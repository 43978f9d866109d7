#pragma once
// Charter: the child's side of starting a program: what was prepared for it, and what it does with
// that between clone and exec. Only for os/program.cpp.

#include <sys/types.h>

#include <array>
#include <samjoko/base/result.hpp>
#include <samjoko/os/program.hpp>
#include <span>

namespace samjoko::os {

/// All that the child needs, in the starter's memory, which it shares. The arrays end with null
/// pointers where execve(2) wants them.
struct prepared_program {
  static constexpr int keep = -1;
  std::span<const char* const> files;  ///< tried in turn
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  const char* directory = nullptr;               ///< null: it stays where it is
  std::array<int, 3> streams{keep, keep, keep};  ///< above 2, or kept as they are
  std::span<const resource_limit> limits;
  const rlimit* open_files = nullptr;  ///< set before them; null: as this process has it
  bool own_group = false;
  bool ends_with_thread = false;
  pid_t starter = 0;
};

/// Where the child gave up: the child writes it, and it is read when the child is gone. `call` is
/// null when the child did not give up.
struct program_failure {
  const char* call = nullptr;
  int code = 0;
};

struct made_child {
  pid_t pid = 0;
  int pidfd = -1;
};

/// Makes the child and returns when it has executed the program or given up. Error: of the clone.
[[nodiscard]] result<made_child> make_child(const prepared_program& what, program_failure& failed);

}  // namespace samjoko::os
