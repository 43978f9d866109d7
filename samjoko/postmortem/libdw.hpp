#pragma once
// Charter: the functions of libdw (elfutils) that postmortem/call_frames.cpp uses, as a table.
// Linked like other libraries it would add 27 mappings to every process of a dynamic program, and
// with them microseconds to every fork, only because a process may die. So the process that
// unwinds, a helper, loads it; only a static program has it inside (cmake/linked_libdw.cpp).

#if defined(SAMJOKO_LIBDW)

#include <elfutils/libdwfl.h>

namespace samjoko::postmortem {

struct libdw {
  decltype(&::dwfl_begin) begin;
  decltype(&::dwfl_end) end;
  decltype(&::dwfl_errmsg) errmsg;
  decltype(&::dwfl_report_begin) report_begin;
  decltype(&::dwfl_report_elf) report_elf;
  decltype(&::dwfl_report_module) report_module;
  decltype(&::dwfl_report_end) report_end;
  decltype(&::dwfl_attach_state) attach_state;
  decltype(&::dwfl_getthread_frames) getthread_frames;
  decltype(&::dwfl_frame_pc) frame_pc;
  decltype(&::dwfl_thread_state_registers) thread_state_registers;
  decltype(&::dwfl_addrmodule) addrmodule;
  decltype(&::dwfl_module_addrinfo) module_addrinfo;
  decltype(&::dwfl_module_build_id) module_build_id;
  decltype(&::dwfl_module_getsrc) module_getsrc;
  decltype(&::dwfl_module_relocate_address) module_relocate_address;
  decltype(&::dwfl_lineinfo) lineinfo;
  decltype(&::elf_version) elf_version;
  decltype(&::elf_memory) elf_memory;
};

/// Null when libdw is not on this machine (Debian: libdw1).
[[nodiscard]] const libdw* find_libdw();

}  // namespace samjoko::postmortem

#endif
