// libdw inside a static program. Both stand in the program's own object files, so that the linker
// does not take those of the archives: samjoko/postmortem/libdw.cpp, which would load a shared
// library, and libdw.a's debuginfod-client, which would too, to ask servers on the network.
#include <cstddef>

#include <samjoko/postmortem/libdw.hpp>

extern "C" {
int __libdwfl_debuginfod_find_executable(Dwfl*, const unsigned char*, std::size_t) { return -1; }
int __libdwfl_debuginfod_find_debuginfo(Dwfl*, const unsigned char*, std::size_t) { return -1; }
void __libdwfl_debuginfod_end(debuginfod_client*) {}
debuginfod_client* dwfl_get_debuginfod_client(Dwfl*) { return nullptr; }
}

namespace samjoko::postmortem {

const libdw* find_libdw() {
  static constexpr libdw functions{.begin = &::dwfl_begin,
                                   .end = &::dwfl_end,
                                   .errmsg = &::dwfl_errmsg,
                                   .report_begin = &::dwfl_report_begin,
                                   .report_elf = &::dwfl_report_elf,
                                   .report_module = &::dwfl_report_module,
                                   .report_end = &::dwfl_report_end,
                                   .attach_state = &::dwfl_attach_state,
                                   .getthread_frames = &::dwfl_getthread_frames,
                                   .frame_pc = &::dwfl_frame_pc,
                                   .thread_state_registers = &::dwfl_thread_state_registers,
                                   .addrmodule = &::dwfl_addrmodule,
                                   .module_addrinfo = &::dwfl_module_addrinfo,
                                   .module_build_id = &::dwfl_module_build_id,
                                   .module_getsrc = &::dwfl_module_getsrc,
                                   .module_relocate_address = &::dwfl_module_relocate_address,
                                   .lineinfo = &::dwfl_lineinfo,
                                   .elf_version = &::elf_version,
                                   .elf_memory = &::elf_memory};
  return &functions;
}

}  // namespace samjoko::postmortem
