#pragma once
// Charter: turns a capture (postmortem/capture_slot.hpp) into the list of calls that led to it. It
// unwinds by the tables that every compiler writes for exceptions (.eh_frame), so it needs neither
// frame pointers nor debug information, and goes through abort(), the C library and stripped
// libraries. Names come from .symtab or .dynsym, lines from debug information where there is some.
//
// Reads files, allocates and takes milliseconds: never in a handler. A capture comes from a process
// that failed: nothing in it is trusted, and frames and bytes are bounded. libdw, which parses
// files that the capture names, is not written against hostile files: call it in a process of its
// own, with a time limit.

#include <cstdint>
#include <samjoko/postmortem/capture_slot.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::postmortem {

struct stack_frame {
  std::uint64_t address = 0;  ///< of the instruction; for a caller, where the call returns to
  std::string function;       ///< demangled; empty when no symbol is known
  std::uint64_t function_offset = 0;
  std::string module;  ///< the file's path, or "[vdso]"; empty when no file is mapped there
  std::uint64_t module_offset = 0;  ///< of the address in that file's own addresses (addr2line -e)
  std::string source;  ///< file as given to the compiler; empty without debug information
  int line = 0;

  /// "guilty(int)+0x1f at server.cpp:12 (/usr/bin/server+0x41f)"
  [[nodiscard]] std::string sentence() const;
};

struct backtrace {
  std::vector<stack_frame> frames;  ///< the innermost first
  /// Whether the fault lies where the stack would have grown to.
  bool stack_overflow = false;
  /// What is missing and why, for people; empty when the stack was unwound to its end.
  std::string remark;
};

struct unwind_options {
  std::size_t most_frames = 64;
  /// Used when the capture has no maps: a forked child's modules are where its parent's are.
  std::string_view maps_instead{};
  /// Lines of /proc/PID/maps of a process that is trusted: only files that this process maps too
  /// are opened, whatever the capture names. Empty: any file.
  std::string_view only_files_of{};
};

/// False in a build without libdw, or where it is not installed (postmortem/libdw.hpp). Then frames
/// have addresses and modules, and there is only the innermost frame.
[[nodiscard]] bool can_unwind() noexcept;

[[nodiscard]] backtrace unwind(const capture_slot& capture, const unwind_options& options = {});

}  // namespace samjoko::postmortem
