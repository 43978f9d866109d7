#include <samjoko/postmortem/crash_handler.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include <samjoko/base/last_words.hpp>
#include <samjoko/os/memory_map.hpp>
#include <samjoko/os/signal_stack.hpp>
#include <samjoko/os/signals.hpp>
#include <samjoko/postmortem/abort_message.hpp>
#include <samjoko/postmortem/uncaught.hpp>
#include <samjoko/scoreboard/thread_slot.hpp>

namespace samjoko::postmortem {
namespace {

struct handler_state {
  capture_slot* slots = nullptr;
  std::size_t count = 0;
  abort_message* const* message = nullptr;
  std::atomic<pid_t> dying = 0;  ///< the thread that captures; the first one that crashed
  siginfo_t cause{};             ///< the signal that this thread dies of
};
constinit handler_state state;
static_assert(std::atomic<pid_t>::is_always_lock_free, "a handler must not meet a lock");

// The signals that an instruction of the thread itself raises. They stay unblocked while a handler
// runs, so that a handler that crashes is called again. Blocked, such a fault would end the process
// at once, by the wrong signal.
constexpr int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

// --- From here to the next such line everything runs in a signal handler. It may only call what is
// on the list of man 7 signal-safety, or a plain system call that touches no memory of the C
// library (process_vm_readv, prctl, gettid, rt_tgsigqueueinfo).

/// Copies memory that may not be there; returns how many bytes were copied.
std::size_t read_memory(void* into, std::uint64_t from, std::size_t size) noexcept {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): for the kernel; never followed here.
  void* const where = reinterpret_cast<void*>(from);
  const iovec local{into, size};
  const iovec remote{where, size};
  auto got = ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0);
  if (got < 0 && errno != EFAULT) {  // forbidden: containers of older engines
    const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    got = ::pread(memory, into, size, static_cast<off_t>(from));
    ::close(memory);
  }
  return got < 0 ? 0 : static_cast<std::size_t>(got);
}

/// Copies upwards from the red zone, page by page, to the first page that is missing. When the
/// stack has overflowed, the pointer is in the guard or below it: the stack begins further up.
[[maybe_unused]] void copy_stack(capture_slot& slot, std::uint64_t pointer) noexcept {
  constexpr std::uint64_t page = 4096;
  constexpr std::uint64_t furthest = std::uint64_t{2} << 20;
  const auto begin = (pointer - capture_slot::red_zone) & ~std::uint64_t{15};
  for (auto at = begin; slot.stack_size < slot.stack.size() && at - begin < furthest;) {
    const auto count = std::min<std::size_t>(page - at % page, slot.stack.size() - slot.stack_size);
    if (read_memory(slot.stack.data() + slot.stack_size, at, count) == count) {
      if (slot.stack_size == 0) slot.stack_address = at;
      slot.stack_size += static_cast<std::uint32_t>(count);
    } else if (slot.stack_size != 0) {
      return;
    }
    at += count;
  }
}

/// Moves the lines of the text in [kept, used) that matter to `kept`, which grows, and puts the
/// beginning of the last line, if it is not whole, behind them. Returns where that ends.
std::size_t keep_lines(char* text, std::uint32_t& kept, std::size_t used) noexcept {
  std::size_t at = kept;
  while (const void* const end = std::memchr(text + at, '\n', used - at)) {
    const auto size = static_cast<std::size_t>(static_cast<const char*>(end) - (text + at));
    if (os::maps_code({text + at, size})) {
      std::memmove(text + kept, text + at, size + 1);
      kept += static_cast<std::uint32_t>(size + 1);
    }
    at += size + 1;
  }
  std::memmove(text + kept, text + at, used - at);
  return kept + (used - at);
}

void copy_maps(capture_slot& slot) noexcept {
  const int file = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  std::size_t used = 0;
  for (;;) {
    const auto got = ::read(file, slot.maps.data() + used, slot.maps.size() - used);
    if (got <= 0) break;
    used = keep_lines(slot.maps.data(), slot.maps_size, used + static_cast<std::size_t>(got));
    slot.maps_cut = used == slot.maps.size() ? 1 : 0;
    if (slot.maps_cut != 0) break;
  }
  ::close(file);
}

void copy_message(capture_slot& slot) noexcept {
  std::size_t size = 0;
  if (const auto said = last_words(); !said.empty()) {
    size = std::min(said.size(), slot.message.size());
    std::memcpy(slot.message.data(), said.data(), size);
  } else if (slot.signal == SIGABRT && state.message != nullptr && *state.message != nullptr) {
    const auto text = reinterpret_cast<std::uint64_t>((*state.message)->text);
    size = read_memory(slot.message.data(), text, slot.message.size());
    size = ::strnlen(slot.message.data(), size);
    if (size > 0 && slot.message[size - 1] == '\n') --size;
  }
  slot.message_size = static_cast<std::uint32_t>(size);
}

#if defined(__x86_64__)
void copy_registers(capture_slot& slot, const void* context) noexcept {
  constexpr int in_order_of_dwarf[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                       REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                       REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  const auto& saved = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
  for (std::size_t i = 0; i < slot.registers.size(); ++i)
    slot.registers[i] = static_cast<std::uint64_t>(saved[in_order_of_dwarf[i]]);
  slot.has_registers = 1;
  copy_stack(slot, slot.registers[7]);
}
#else
void copy_registers(capture_slot& slot, const void*) noexcept { slot.has_registers = 0; }
#endif

void copy_cause(capture_slot& slot, const siginfo_t& info) noexcept {
  slot.signal = info.si_signo;
  slot.code = info.si_code;
  slot.fault_address = 0;
  for (const int fault : faults) {
    if (fault == info.si_signo && fault != SIGSYS && info.si_code > 0)
      slot.fault_address = reinterpret_cast<std::uint64_t>(info.si_addr);
  }
  slot.has_sender =
      info.si_code == SI_USER || info.si_code == SI_TKILL || info.si_code == SI_QUEUE ? 1 : 0;
  slot.sender_pid = slot.has_sender != 0 ? info.si_pid : 0;
  slot.sender_user = slot.has_sender != 0 ? info.si_uid : 0;
}

void capture(capture_reason reason, const siginfo_t& info, const void* context) noexcept {
  auto* const slot = claim_slot({state.slots, state.count}, ::getpid());
  if (slot == nullptr) return;
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  slot->when = now.tv_sec * 1'000'000'000 + now.tv_nsec;
  slot->reason = reason;
  slot->ticket =
      reason == capture_reason::asked ? static_cast<std::uint32_t>(info.si_value.sival_int) : 0;
  slot->pid = ::getpid();
  slot->tid = ::gettid();
  ::prctl(PR_GET_NAME, slot->thread_name.data());
  slot->stack_address = 0;
  slot->stack_size = slot->maps_size = slot->maps_cut = slot->message_size = 0;
  copy_cause(*slot, info);
  copy_registers(*slot, context);
  copy_message(*slot);
  copy_maps(*slot);
  scoreboard::mark_peer();
  complete(*slot);
}

/// Ends the process by the default disposition. The signal is queued to this thread with the
/// siginfo it came with, and delivered when the handler returns, at the interrupted instruction: so
/// a core dump shows what it would have shown without a handler. Nested, the handler that crashed
/// is not returned to: the signal is delivered at once.
void die_of(const siginfo_t& cause, bool nested) noexcept {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  ::sigaction(cause.si_signo, &action, nullptr);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, cause.si_signo);
  ::pthread_sigmask(SIG_BLOCK, &only, nullptr);
  if (::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), ::gettid(), cause.si_signo, &cause) != 0)
    ::syscall(SYS_tgkill, ::getpid(), ::gettid(), cause.si_signo);
  if (nested) ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
}

/// Another thread is dying already and ends the process. Bounded: 2 s.
void wait_for_the_first() noexcept {
  for (int i = 0; i < 200; ++i) ::poll(nullptr, 0, 10);
}

void on_fatal(int, siginfo_t* info, void* context) noexcept {
  const pid_t self = ::gettid();
  pid_t dying = 0;
  if (state.dying.compare_exchange_strong(dying, self)) {
    state.cause = *info;
    scoreboard::mark_dying();
    capture(capture_reason::fatal_signal, *info, context);
    die_of(*info, false);
  } else if (dying == self) {
    die_of(state.cause, true);
  } else {
    wait_for_the_first();
    die_of(*info, false);
  }
}

void on_asked(int, siginfo_t* info, void* context) noexcept {
  const int saved = errno;
  if (info->si_code == SI_QUEUE) capture(capture_reason::asked, *info, context);
  errno = saved;
}

// --- Here ends what runs in a signal handler.

using handler = void (*)(int, siginfo_t*, void*) noexcept;

void handle(int signal, handler with, int flags) noexcept {
  struct sigaction action = {};
  action.sa_sigaction = with;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | flags;
  sigfillset(&action.sa_mask);
  for (const int fault : faults) sigdelset(&action.sa_mask, fault);
  ::sigaction(signal, &action, nullptr);  // refused for the C library's own: rightly
}

/// By man 7 signal. Not among them: signals that are ignored by default, that stop or continue the
/// process, and those that no handler can catch.
bool ends_by_default(int signal) noexcept {
  constexpr int others[] = {SIGCHLD, SIGCONT, SIGURG,  SIGWINCH, SIGSTOP,
                            SIGTSTP, SIGTTIN, SIGTTOU, SIGKILL};
  return std::ranges::find(others, signal) == std::end(others);
}

bool is_default(int signal) noexcept {
  struct sigaction now = {};
  if (::sigaction(signal, nullptr, &now) != 0) return false;
  return (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL;
}

bool is_fault(int signal) noexcept {
  return signal == SIGABRT || std::ranges::find(faults, signal) != std::end(faults);
}

}  // namespace

int capture_signal() noexcept { return SIGRTMIN + 4; }

result<void> install_crash_handler(std::span<capture_slot> slots) {
  alignas(16) static std::byte stack_of_first_thread[os::signal_stack::size];
  const stack_t stack{
      .ss_sp = stack_of_first_thread, .ss_flags = 0, .ss_size = sizeof stack_of_first_thread};
  if (::sigaltstack(&stack, nullptr) != 0) return failure(errno, "sigaltstack");
  state.slots = slots.data();
  state.count = slots.size();
  state.message = find_abort_message();
  keep_uncaught_exceptions();
  for (int signal = 1; signal < os::signal_limit; ++signal) {
    if (signal == capture_signal()) {
      handle(signal, &on_asked, SA_RESTART);
    } else if (is_fault(signal) || (ends_by_default(signal) && is_default(signal))) {
      handle(signal, &on_fatal, SA_NODEFER);
    }
  }
  return {};
}

void remove_crash_handler() noexcept {
  for (int signal = 1; signal < os::signal_limit; ++signal) {
    struct sigaction action = {};
    if (::sigaction(signal, nullptr, &action) != 0 || (action.sa_flags & SA_SIGINFO) == 0) continue;
    if (action.sa_sigaction != &on_fatal && action.sa_sigaction != &on_asked) continue;
    action = {};
    action.sa_handler = SIG_DFL;
    ::sigaction(signal, &action, nullptr);
  }
  state.count = 0;
}

result<void> request_capture(pid_t pid, pid_t tid, std::uint32_t ticket) {
  siginfo_t info = {};
  info.si_signo = capture_signal();
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_uid = ::getuid();
  info.si_value.sival_int = static_cast<int>(ticket);
  if (::syscall(SYS_rt_tgsigqueueinfo, pid, tid, info.si_signo, &info) != 0)
    return failure(errno, "rt_tgsigqueueinfo", std::to_string(tid));
  return {};
}

}  // namespace samjoko::postmortem
