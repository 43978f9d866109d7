#include <samjoko/postmortem/libdw.hpp>

#if defined(SAMJOKO_LIBDW)

#include <dlfcn.h>

namespace samjoko::postmortem {
namespace {

class loader {
 public:
  explicit loader(const char* library) noexcept
      : library_(::dlopen(library, RTLD_NOW | RTLD_LOCAL)), complete_(library_ != nullptr) {}

  /// Libraries on which the library itself depends are searched too (man 3 dlsym).
  template <class Function>
  void find(const char* name, Function& into) noexcept {
    if (!complete_) return;
    into = reinterpret_cast<Function>(::dlsym(library_, name));
    complete_ = into != nullptr;
  }
  [[nodiscard]] bool is_complete() const noexcept { return complete_; }

 private:
  void* library_;
  bool complete_;
};

bool load(libdw& into) noexcept {
  loader from("libdw.so.1");
  from.find("dwfl_begin", into.begin);
  from.find("dwfl_end", into.end);
  from.find("dwfl_errmsg", into.errmsg);
  from.find("dwfl_report_begin", into.report_begin);
  from.find("dwfl_report_elf", into.report_elf);
  from.find("dwfl_report_module", into.report_module);
  from.find("dwfl_report_end", into.report_end);
  from.find("dwfl_attach_state", into.attach_state);
  from.find("dwfl_getthread_frames", into.getthread_frames);
  from.find("dwfl_frame_pc", into.frame_pc);
  from.find("dwfl_thread_state_registers", into.thread_state_registers);
  from.find("dwfl_addrmodule", into.addrmodule);
  from.find("dwfl_module_addrinfo", into.module_addrinfo);
  from.find("dwfl_module_build_id", into.module_build_id);
  from.find("dwfl_module_getsrc", into.module_getsrc);
  from.find("dwfl_module_relocate_address", into.module_relocate_address);
  from.find("dwfl_lineinfo", into.lineinfo);
  from.find("elf_version", into.elf_version);
  from.find("elf_memory", into.elf_memory);
  return from.is_complete();
}

}  // namespace

const libdw* find_libdw() {
  static libdw functions;
  static const bool loaded = load(functions);
  return loaded ? &functions : nullptr;
}

}  // namespace samjoko::postmortem

#endif
