#include <victims/faults.hpp>

#undef NDEBUG  // the assertion is one of the ways
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <samjoko/base/check.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/thread.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <victims/stripped_library.hpp>

namespace samjoko::victims {

// Not in a nameless namespace: there the compiler would know every class that exists, and call the
// only function that is left.
struct animal;
void guilty_of_pure_call(animal* unborn);

struct animal {
  animal() { guilty_of_pure_call(this); }
  virtual ~animal() = default;
  virtual void speak() = 0;
};

[[gnu::noinline]] void guilty_of_pure_call(animal* unborn) {
  asm volatile("" : "+r"(unborn)::"memory");
  unborn->speak();
  asm volatile("" ::: "memory");
}

struct crow : animal {
  void speak() override {}
};

namespace {

int say_to = -1;
int hear_from = -1;

void tell() {
  if (say_to >= 0) [[maybe_unused]]
    const auto ignored = ::write(say_to, "r", 1);
}
void listen() {
  char word = 0;
  if (hear_from >= 0) [[maybe_unused]]
    const auto ignored = ::read(hear_from, &word, 1);
}

/// Keeps a call from being the last instruction of a function, which would be a jump.
void not_the_last() { asm volatile("" ::: "memory"); }

[[gnu::noinline]] int guilty_of_null_write(int value) {
  auto* volatile nowhere = reinterpret_cast<volatile int*>(0x1238);
  *nowhere = value;
  return value;
}

[[gnu::noinline]] void guilty_of_null_call() {
  void (*volatile nowhere)() = nullptr;
  nowhere();
  not_the_last();
}

[[gnu::noinline]] void guilty_of_calling_data() {
  static int data[64];
  void* volatile where = data;
  reinterpret_cast<void (*)()>(where)();
  not_the_last();
}

[[gnu::noinline]] void guilty_of_abort() {
  std::abort();
  not_the_last();
}

[[gnu::noinline]] void guilty_of_throwing() { throw std::runtime_error("no bread today"); }
[[gnu::noinline]] void guilty_of_throwing_a_number() { throw 42; }
[[gnu::noinline]] void guilty_of_check() {
  SAMJOKO_CHECK(say_to == -12345, "it was meant to fail");
}
[[gnu::noinline]] void guilty_of_assertion() { assert(say_to == -12345); }

[[gnu::noinline]] int guilty_of_overflow(int depth) {
  volatile char local[256] = {static_cast<char>(depth)};
  return guilty_of_overflow(depth + 1) + local[depth % 256];
}
[[gnu::noinline]] int guilty_of_wide_overflow(int depth) {
  volatile char local[40'000];
  local[depth % 8] = static_cast<char>(depth);  // the far end first
  return guilty_of_wide_overflow(depth + 1) + local[depth % 256];
}

[[gnu::noinline]] int guilty_of_division(int by) {
  volatile int none = by - 3;
  volatile int result = 7 / none;
  return result;
}

[[gnu::noinline]] void guilty_of_bus() {
  const int file = ::memfd_create("empty", MFD_CLOEXEC);
  auto* volatile page = static_cast<volatile char*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
  page[16] = 1;
}

[[gnu::noinline]] void guilty_of_illegal_instruction() { __builtin_trap(); }
[[gnu::noinline]] void guilty_of_breakpoint() {
  asm volatile("int3");
  not_the_last();
}

[[gnu::noinline]] void guilty_of_forbidden_call() {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{.len = 4, .filter = code};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
  ::syscall(SYS_getpgid, 0);
  not_the_last();
}

/// Forbids the call, as containers do, for the whole process.
void forbid(long call) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{.len = 4, .filter = code};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

[[gnu::noinline]] void guilty_of_free() {
  alignas(16) static char memory[256];
  char* volatile wrong = memory + 32;
  std::free(wrong);  // NOLINT(cppcoreguidelines-no-malloc): that is the crime
  not_the_last();
}

[[gnu::noinline]] void guilty_of_smashing() {
  volatile char local[16];
  volatile char* volatile at = local;
  for (int i = 0; i < 64; ++i) at[i] = 'x';
}

[[gnu::noinline]] void guilty_of_losing_its_stack() {
  asm volatile("mov $0x7000, %%rsp\n\tmovl $0, 0x1238" ::: "memory");
}

[[gnu::noinline]] void guilty_in_a_handler(int) {
  guilty_of_null_write(1);
  not_the_last();
}

[[gnu::noinline]] void die_in_a_handler() {
  struct sigaction action = {};
  action.sa_handler = &guilty_in_a_handler;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGUSR1, &action, nullptr);
  ::raise(SIGUSR1);
  not_the_last();
}

[[gnu::noinline]] void guilty_of_waiting() {
  tell();
  listen();
  for (;;) ::pause();
}

std::atomic<bool> go_on = true;

[[gnu::noinline]] void guilty_of_spinning() {
  tell();
  volatile unsigned long turns = 0;
  while (go_on.load(std::memory_order_relaxed)) turns = turns + 1;
}

/// Spends most of its time in the code that the kernel lends.
[[gnu::noinline]] void guilty_of_asking_the_time() {
  tell();
  timespec now{};
  for (;;) ::clock_gettime(CLOCK_MONOTONIC, &now);
}

std::mutex held;
[[gnu::noinline]] void guilty_of_locking() {
  const std::lock_guard lock(held);
  not_the_last();
}

/// Goes on when it is told to: leaves with 0.
void wait_for_a_mutex() {
  held.lock();
  std::jthread waiting([] { guilty_of_locking(); });
  tell();
  listen();
  held.unlock();
  waiting.join();
  os::leave_process(0);
}

struct deed : os::thread_task {
  void (*what)() = nullptr;
  std::atomic<int>* to_come = nullptr;
};

void do_deed(os::thread_task& raw) noexcept {
  auto& mine = static_cast<deed&>(raw);
  --*mine.to_come;
  while (mine.to_come->load() > 0) {
  }
  mine.what();
}

/// Runs them in threads of this process, all at once.
void in_threads(std::initializer_list<void (*)()> deeds) {
  static std::atomic<int> to_come;
  static deed of_each[8];
  to_come = static_cast<int>(deeds.size());
  auto* next = of_each;
  for (auto* const what : deeds) {
    next->run = &do_deed;
    next->what = what;
    next->to_come = &to_come;
    SAMJOKO_CHECK(os::start_thread(std::size_t{256} * 1024, *next++), "a thread starts");
  }
  for (;;) ::pause();
}

/// Ends as its child did, whose capture has its own number.
void die_in_a_forked_child() {
  const auto made = os::fork_process();
  SAMJOKO_CHECK(made, "fork works");
  if (made->in_child()) guilty_of_null_write(2);
  int status = 0;
  ::waitpid(made->pid, &status, 0);
  os::leave_process(WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

struct way {
  std::string_view name;
  void (*go)();
};

const way ways[] = {
    {"null_write", [] { guilty_of_null_write(1); }},
    {"null_call", [] { guilty_of_null_call(); }},
    {"calling_data", [] { guilty_of_calling_data(); }},
    {"abort", [] { guilty_of_abort(); }},
    {"exception", [] { guilty_of_throwing(); }},
    {"number_thrown", [] { guilty_of_throwing_a_number(); }},
    {"exception_in_a_thread", [] { std::jthread([] { guilty_of_throwing(); }).join(); }},
    {"check", [] { guilty_of_check(); }},
    {"assertion", [] { guilty_of_assertion(); }},
    {"overflow", [] { guilty_of_overflow(0); }},
    {"wide_overflow", [] { guilty_of_wide_overflow(0); }},
    {"overflow_in_a_thread", [] { in_threads({[] { guilty_of_overflow(0); }}); }},
    {"wide_overflow_in_a_thread", [] { in_threads({[] { guilty_of_wide_overflow(0); }}); }},
    {"division", [] { guilty_of_division(3); }},
    {"bus", [] { guilty_of_bus(); }},
    {"illegal", [] { guilty_of_illegal_instruction(); }},
    {"breakpoint", [] { guilty_of_breakpoint(); }},
    {"forbidden_call", [] { guilty_of_forbidden_call(); }},
    {"pure_call", [] { const crow born; }},
    {"free", [] { guilty_of_free(); }},
    {"smashing", [] { guilty_of_smashing(); }},
    {"stack_lost", [] { guilty_of_losing_its_stack(); }},
    {"in_a_handler", [] { die_in_a_handler(); }},
    {"called_back", [] { call_back(&guilty_of_null_write, 3); }},
    {"in_a_library", [] { crash_inside(3); }},
    {"two_at_once",
     [] { in_threads({[] { guilty_of_null_write(1); }, [] { guilty_of_abort(); }}); }},
    {"without_peeking",
     [] {
       forbid(SYS_process_vm_readv);
       guilty_of_null_write(1);
     }},
    {"in_a_forked_child", [] { die_in_a_forked_child(); }},
    {"waiting", [] { guilty_of_waiting(); }},
    {"spinning", [] { guilty_of_spinning(); }},
    {"asking_the_time", [] { guilty_of_asking_the_time(); }},
    {"mutex", [] { wait_for_a_mutex(); }},
};

}  // namespace

bool die(std::string_view name, int say, int hear) {
  say_to = say;
  hear_from = hear;
  int signal = 0;
  std::from_chars(name.data(), name.data() + name.size(), signal);
  if (signal != 0) ::raise(signal);
  for (const auto& each : ways) {
    if (each.name == name) each.go();
  }
  return false;
}

}  // namespace samjoko::victims
