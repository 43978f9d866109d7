#pragma once
// Charter: turns a capture (os/capture_slot.hpp) into the list of calls that led to it: unwinds by
// the tables that every compiler writes for exceptions (.eh_frame), so it needs neither frame
// pointers nor debug information, and goes through abort(), the C library and stripped libraries.
// Names come from .symtab or .dynsym, lines from debug information where there is some.
//
// Reads files, allocates and takes milliseconds: never in a handler. A capture comes from a process
// that went wrong: nothing in it is trusted, and frames and bytes are bounded. libdw, which
// parses files that the capture names, is not written against hostile ones: call it in a process of
// its own, with a time limit.

#include <cstdint>
#include <samjoko/os/capture_slot.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::os {

struct stack_frame {
  std::uint64_t address = 0;  ///< of the instruction; of a caller: where the call returns to
  std::string function;       ///< demangled; empty when no symbol is known
  std::uint64_t function_offset = 0;
  std::string module;  ///< the file's path, or "[vdso]"; empty when none is mapped there
  std::uint64_t module_offset = 0;  ///< of the address in that file's own addresses (addr2line -e)
  std::string source;  ///< file as the compiler was given it; empty without debug information
  int line = 0;

  /// "guilty(int)+0x1f at server.cpp:12 (/usr/bin/server+0x41f)"
  [[nodiscard]] std::string sentence() const;
};

struct backtrace {
  std::vector<stack_frame> frames;  ///< the innermost first
  /// The fault lies where the stack would have grown to.
  bool stack_overflow = false;
  /// What is missing and why, for people; empty when the stack was unwound to its end.
  std::string remark;
};

struct unwind_options {
  std::size_t most_frames = 64;
  /// Used when the capture has none: a forked child's modules are where its parent's are.
  std::string_view maps_instead{};
  /// Lines of /proc/PID/maps of a process that is trusted: only files that it maps too are opened,
  /// whatever the capture names. Empty: any.
  std::string_view only_files_of{};
};

/// False in a build without libdw, or where it is not installed (os/libdw.hpp): then frames have
/// addresses and modules, and there is only the innermost one.
[[nodiscard]] bool can_unwind() noexcept;

[[nodiscard]] backtrace unwind(const capture_slot& capture, const unwind_options& options = {});

/// The lines of this process's own /proc/self/maps that a capture would hold.
[[nodiscard]] std::string own_maps();

}  // namespace samjoko::os
