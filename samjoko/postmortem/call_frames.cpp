#include <samjoko/postmortem/call_frames.hpp>

#if defined(SAMJOKO_LIBDW)

#include <sys/auxv.h>

#include <algorithm>
#include <cstring>

#include <samjoko/os/mapped_file.hpp>
#include <samjoko/postmortem/demangle.hpp>
#include <samjoko/postmortem/libdw.hpp>

namespace samjoko::postmortem {
namespace {

constexpr pid_t the_thread = 1;

/// The code that the kernel lends (the vdso) is the same for all its processes, so this process's
/// copy serves: the other process has gone. Every other module comes with its file.
int find_elf(Dwfl_Module*, void**, const char* name, Dwarf_Addr, char**, Elf** found) {
  const auto own = ::getauxval(AT_SYSINFO_EHDR);
  if (own == 0 || std::strcmp(name, "[vdso]") != 0) return -1;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel tells it as a number.
  auto* const image = reinterpret_cast<char*>(own);
  Elf64_Ehdr head{};
  std::memcpy(&head, image, sizeof head);
  find_libdw()->elf_version(EV_CURRENT);
  // Its section headers come last.
  *found =
      find_libdw()->elf_memory(image, head.e_shoff + std::size_t{head.e_shnum} * head.e_shentsize);
  return -1;
}

/// Looks on this machine only: libdw's own search may ask servers on the network.
int find_debuginfo(Dwfl_Module* module, void**, const char*, Dwarf_Addr, const char*, const char*,
                   GElf_Word, char**) {
  const unsigned char* bits = nullptr;
  GElf_Addr where = 0;
  const int size = find_libdw()->module_build_id(module, &bits, &where);
  return size <= 0 ? -1 : os::open_debug_file({bits, static_cast<std::size_t>(size)});
}

int no_section_address(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, GElf_Word,
                       const GElf_Shdr*, Dwarf_Addr*) {
  return -1;
}

constexpr Dwfl_Callbacks callbacks{.find_elf = &find_elf,
                                   .find_debuginfo = &find_debuginfo,
                                   .section_address = &no_section_address,
                                   .debuginfo_path = nullptr};

struct close_session {
  void operator()(Dwfl* session) const noexcept { find_libdw()->end(session); }
};

/// What the callbacks of one walk read.
struct walk_state {
  const register_values* registers = nullptr;
  std::span<const std::byte> stack;
  std::uint64_t stack_address = 0;
  const std::function<bool(std::uint64_t, bool)>* each = nullptr;
  bool ended_by_us = false;
};

pid_t next_thread(Dwfl*, void* state, void** thread) {
  const bool first = *thread == nullptr;
  *thread = state;
  return first ? the_thread : 0;
}

bool get_thread(Dwfl*, pid_t, void* state, void** thread) {
  *thread = state;
  return true;
}

bool read_stack(Dwfl*, Dwarf_Addr address, Dwarf_Word* into, void* raw) {
  const auto& state = *static_cast<const walk_state*>(raw);
  const auto at = address - state.stack_address;
  if (address < state.stack_address || state.stack.size() < sizeof *into ||
      at > state.stack.size() - sizeof *into) {
    return false;
  }
  std::memcpy(into, state.stack.data() + at, sizeof *into);
  return true;
}

bool set_registers(Dwfl_Thread* thread, void* raw) {
  const auto& values = *static_cast<const walk_state*>(raw)->registers;
  std::array<Dwarf_Word, capture_slot::register_count> words{};
  std::ranges::copy(values, words.begin());
  return find_libdw()->thread_state_registers(thread, 0, words.size(), words.data());
}

int see_frame(Dwfl_Frame* frame, void* raw) {
  auto& state = *static_cast<walk_state*>(raw);
  Dwarf_Addr address = 0;
  bool is_innermost = false;
  if (!find_libdw()->frame_pc(frame, &address, &is_innermost)) return DWARF_CB_ABORT;
  if ((*state.each)(address, !is_innermost)) return DWARF_CB_OK;
  state.ended_by_us = true;
  return DWARF_CB_ABORT;
}

constexpr Dwfl_Thread_Callbacks thread_callbacks{.next_thread = &next_thread,
                                                 .get_thread = &get_thread,
                                                 .memory_read = &read_stack,
                                                 .set_initial_registers = &set_registers,
                                                 .detach = nullptr,
                                                 .thread_detach = nullptr};

}  // namespace

struct call_frames::session {
  std::unique_ptr<Dwfl, close_session> dwfl{
      find_libdw() != nullptr ? find_libdw()->begin(&callbacks) : nullptr};
  walk_state state;
  bool attached = false;
};

call_frames::call_frames() : session_(std::make_unique<session>()) {
  if (session_->dwfl) find_libdw()->report_begin(session_->dwfl.get());
}
call_frames::~call_frames() = default;

std::string call_frames::add(const os::mapped_module& module) {
  auto* const to = session_->dwfl.get();
  if (to == nullptr) return "";  // can_unwind() says so once
  const std::string name(module.first().path);
  if (name == "[vdso]") {
    return find_libdw()->report_module(to, name.c_str(), module.start, module.end) != nullptr
               ? ""
               : find_libdw()->errmsg(-1);
  }
  auto file = os::open_mapped_file(module.first());
  if (!file) return file.error().is(ESTALE) ? name + " was replaced" : file.error().sentence();
  const int number = file->get();
  if (find_libdw()->report_elf(to, name.c_str(), name.c_str(), number, module.base, true) ==
      nullptr)
    return name + ": " + find_libdw()->errmsg(-1);
  static_cast<void>(file->release());  // now it belongs to libdw
  return "";
}

void call_frames::ready() {
  auto* const to = session_->dwfl.get();
  if (to == nullptr || find_libdw()->report_end(to, nullptr, nullptr) != 0) return;
  session_->attached =
      find_libdw()->attach_state(to, nullptr, the_thread, &thread_callbacks, &session_->state);
}

bool call_frames::walk(const register_values& registers, std::span<const std::byte> stack,
                       std::uint64_t stack_address,
                       const std::function<bool(std::uint64_t, bool)>& each) {
  if (!session_->attached) return false;
  session_->state = {.registers = &registers,
                     .stack = stack,
                     .stack_address = stack_address,
                     .each = &each,
                     .ended_by_us = false};
  return find_libdw()->getthread_frames(session_->dwfl.get(), the_thread, &see_frame,
                                        &session_->state) == 0;
}

void call_frames::describe(stack_frame& frame, std::uint64_t lookup) const {
  if (!session_->dwfl) return;
  auto* const module = find_libdw()->addrmodule(session_->dwfl.get(), lookup);
  if (module == nullptr) return;
  Dwarf_Addr own_address = frame.address;
  if (find_libdw()->module_relocate_address(module, &own_address) >= 0)
    frame.module_offset = own_address;
  GElf_Off offset = 0;
  GElf_Sym symbol{};
  const char* const name =
      find_libdw()->module_addrinfo(module, lookup, &offset, &symbol, nullptr, nullptr, nullptr);
  if (name != nullptr && (symbol.st_size == 0 || offset < symbol.st_size)) {
    const auto readable = demangled(name);
    frame.function = readable ? readable.get() : name;
    frame.function_offset = offset + (frame.address - lookup);
  }
  if (auto* const line = find_libdw()->module_getsrc(module, lookup)) {
    const char* const source =
        find_libdw()->lineinfo(line, nullptr, &frame.line, nullptr, nullptr, nullptr);
    if (source != nullptr) frame.source = source;
  }
}

bool can_unwind() noexcept { return find_libdw() != nullptr; }

}  // namespace samjoko::postmortem

#else

namespace samjoko::postmortem {

struct call_frames::session {};

call_frames::call_frames() = default;
call_frames::~call_frames() = default;
std::string call_frames::add(const os::mapped_module&) { return ""; }
void call_frames::ready() {}
bool call_frames::walk(const register_values&, std::span<const std::byte>, std::uint64_t,
                       const std::function<bool(std::uint64_t, bool)>&) {
  return false;
}
void call_frames::describe(stack_frame&, std::uint64_t) const {}

bool can_unwind() noexcept { return false; }

}  // namespace samjoko::postmortem

#endif
