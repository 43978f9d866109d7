#pragma once
// Charter: how a process ended, decoded once and then carried as a type: one sentence for people,
// the same as fields for machines.
//
// The kernel hands the parent one int (man 2 wait). Only its low 16 bits mean something:
//
//   ended by exit(code)      bits 15..8 code    bits 7..0 0              WIFEXITED, WEXITSTATUS
//   killed by a signal       bits 15..8 0       bit 7 core, 6..0 signal  WIFSIGNALED, WTERMSIG,
//                                                                        WCOREDUMP
//   stopped (still alive)    bits 15..8 signal  bits 7..0 0x7f           WIFSTOPPED, WSTOPSIG
//   continued (still alive)  0xffff                                      WIFCONTINUED
//
// So exit(256) is seen as code 0, a code is 0 to 255, and a shell's "128 + signal" is the shell's
// own invention: no process killed by a signal has an exit code. The macros may only be asked in
// this order: WEXITSTATUS of a killed process is noise. Only exit_status asks them.

#include <cstdint>
#include <string>
#include <string_view>

namespace samjoko::os {

enum class ending : std::uint8_t { exited, killed, stopped, continued };

class exit_status {
 public:
  /// Decodes what waitpid(2) stored.
  [[nodiscard]] static exit_status from_wait(int status) noexcept;
  [[nodiscard]] static exit_status exited(int code) noexcept;
  [[nodiscard]] static exit_status killed(int signal, bool core_dumped = false) noexcept;

  [[nodiscard]] ending how() const noexcept { return how_; }
  /// True for exited and killed: the process is gone. Stopped and continued processes still run or
  /// may run.
  [[nodiscard]] bool is_end() const noexcept {
    return how_ == ending::exited || how_ == ending::killed;
  }
  /// 0 to 255; CHECKs that the process exited.
  [[nodiscard]] int code() const;
  /// The signal that killed or stopped it; CHECKs that there was one.
  [[nodiscard]] int signal() const;
  [[nodiscard]] bool core_dumped() const noexcept { return core_dumped_; }
  /// Exited with code 0.
  [[nodiscard]] bool is_success() const noexcept { return how_ == ending::exited && number_ == 0; }

  /// "exited with code 3"; "was killed by signal 11 (SIGSEGV, invalid memory reference), core
  /// dumped".
  [[nodiscard]] std::string sentence() const;

  friend bool operator==(const exit_status&, const exit_status&) noexcept = default;

 private:
  exit_status(ending how, int number, bool core_dumped) noexcept
      : how_(how), core_dumped_(core_dumped), number_(number) {}

  ending how_;
  bool core_dumped_;
  int number_;
};

/// "SIGTERM", "SIGRTMIN+3", "SIG99" for a number that is no signal. man 7 signal.
[[nodiscard]] std::string signal_name(int signal);
/// What the signal means, in a few words: "invalid memory reference". Empty when it has no fixed
/// meaning.
[[nodiscard]] std::string_view signal_meaning(int signal) noexcept;

}  // namespace samjoko::os
