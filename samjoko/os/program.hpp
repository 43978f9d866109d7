#pragma once
// Charter: starts another program as a child of this process: what it is, its standard streams, its
// surroundings. From any thread, also several at once. os/pidfd.hpp waits for it, net/child.hpp
// does so for handlers and reads its pipes.
//
// The child is made by clone(2) with CLONE_VM and CLONE_VFORK, as posix_spawn(3) does: it runs on a
// stack of its own in our memory, and the thread that made it stands still until it has executed
// the program or given up. Chosen over fork(2), because
//   - nothing is copied: no page tables, and no page of ours is copied later because of it. What a
//     fork costs grows with this process; this does not.
//   - it fails less: no memory has to be promised a second time (man 5 proc, overcommit_memory).
//   - what went wrong is told through memory: no pipe is needed for it.
//   - CLONE_PIDFD gives the pidfd in the same instant. Opened afterwards, by number, it could be a
//     stranger's: a waitpid(-1) elsewhere in the process may have reaped the child meanwhile.
// Over posix_spawn, because that knows no resource limits, no PDEATHSIG, no pidfd, and does not say
// which step failed.
//
// Its hazards, and their fences: other threads go on in the same memory, so the child allocates
// nothing, takes no lock, writes nothing but its report, and makes plain system calls (the C
// library's functions may use what belongs to a thread); everything else is prepared before. No
// handler of ours may run in the child: every signal is blocked, then all dispositions are set to
// their defaults, and only then the mask is emptied. A program on a file system that hangs makes
// the thread hang with it.

#include <sys/resource.h>
#include <sys/types.h>

#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <span>
#include <string>
#include <vector>

namespace samjoko::os {

/// What one of a program's standard streams is.
struct program_stream {
  enum class source : std::uint8_t { inherited, null, pipe, given };
  source from = source::inherited;
  int descriptor = -1;
};
/// The stream that this process has itself.
inline constexpr program_stream inherited_stream{};
/// Nothing to read; what is written is dropped (man 4 null).
inline constexpr program_stream null_stream{program_stream::source::null, -1};
/// A pipe, whose other end the starter gets. Not a socket: a program can open a pipe again by
/// /dev/stdin, and bash does not take itself for a remote shell, as it does with a socket.
inline constexpr program_stream pipe_stream{program_stream::source::pipe, -1};
/// The open file of this descriptor, which stays its owner's. Its mode (O_NONBLOCK) is shared.
[[nodiscard]] constexpr program_stream given_stream(int descriptor) noexcept {
  return {program_stream::source::given, descriptor};
}

/// man 2 setrlimit.
struct resource_limit {
  int resource;  ///< RLIMIT_CPU, RLIMIT_AS, …
  rlim_t most;   ///< both the soft and the hard limit
};

struct program {
  /// Its name and arguments. A name without a slash is looked for in PATH.
  std::vector<std::string> words;
  /// The file to execute; empty: what the first word stands for.
  std::string file{};
  /// Added to the variables that this process has: "NAME=value", or "NAME" alone to leave one out.
  /// A later entry of a name replaces an earlier one.
  std::vector<std::string> environment{};
  bool clean_environment = false;  ///< only `environment`
  std::string directory{};         ///< where it starts; empty: where this process is
  program_stream input = null_stream;
  program_stream output = inherited_stream;
  program_stream errors = inherited_stream;
  /// A process group of its own: it is ended with all that it started, and Ctrl+C at the terminal
  /// does not reach it.
  bool own_group = true;
  /// SIGTERM when the thread that started it ends (man 2 prctl, PR_SET_PDEATHSIG). Only for a
  /// starter whose thread stays until the program has ended.
  bool ends_with_thread = false;
  std::vector<resource_limit> limits{};
};

struct started_program {
  pid_t pid = 0;
  descriptor process;  ///< its pidfd
  /// Our ends of its pipes, close-on-exec, non-blocking; none where it has no pipe.
  descriptor input, output, errors;
};

/// Starts it with default dispositions for every signal, an empty mask, and no descriptor but the
/// standard three. Nothing is left behind on failure. Errors: of the step that failed, as its call:
/// "execve" with the program (ENOENT, EACCES, ENOEXEC…), "chdir" with the directory, "setrlimit",
/// "clone" (EAGAIN: no room for a process), "pipe" (EMFILE).
[[nodiscard]] result<started_program> start_program(const program& what);

/// The file that a name stands for: itself when it has a slash, else the first one in PATH that may
/// be executed. Errors: ENOENT, EACCES.
[[nodiscard]] result<std::string> find_program(const std::string& name);

/// Whether the kernel could begin to execute this file, looked at without doing it: it is a binary,
/// or a script whose interpreter is there. A file that cannot be read is not judged. Errors:
/// ENOEXEC (a script without a #! line), and those of the interpreter.
[[nodiscard]] result<void> check_program(const std::string& file);

}  // namespace samjoko::os
