#include <samjoko/os/confine.hpp>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <samjoko/base/check.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/memory_map.hpp>

namespace samjoko::os {
namespace {

// --- limits

bool limit_resources(std::uint64_t memory, milliseconds time) {
  std::uint64_t pages = 0;
  const descriptor file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  std::array<char, 64> text{};
  const auto got = ::read(file.get(), text.data(), text.size());
  if (got > 0) std::from_chars(text.data(), text.data() + got, pages);
  const auto limit = [](auto which, std::uint64_t most) {
    const rlimit both{most, most};
    return ::setrlimit(which, &both) == 0;
  };
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const bool bounded = pages == 0 || limit(RLIMIT_AS, pages * page + memory);
  return bounded && limit(RLIMIT_CPU, static_cast<std::uint64_t>(time.count() / 1000)) &&
         limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NPROC, 0) && limit(RLIMIT_CORE, 0) &&
         ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

// --- Landlock (kernel documentation, userspace-api/landlock)

/// The rules of the newest kernel; an older kernel is given the part that it knows.
struct landlock_rules {
  std::uint64_t files = 0;
  std::uint64_t net = 0;
  std::uint64_t scoped = 0;
};

long landlock_version() {
  const auto version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? 0 : version;
}

descriptor make_rules(long version) {
  constexpr std::uint64_t first = (1U << 13) - 1;
  landlock_rules all{.files = first, .net = 3, .scoped = 3};
  if (version >= 2) all.files |= 1U << 13;  // to link into another folder
  if (version >= 3) all.files |= 1U << 14;  // to truncate
  if (version >= 5) all.files |= 1U << 15;  // to steer a device
  const std::size_t size = version >= 6 ? sizeof all : version >= 4 ? 16 : 8;
  return descriptor(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, size, 0)));
}

void allow(const descriptor& rules, const std::string& path, std::uint64_t access) {
  const descriptor file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!file) return;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = access;
  rule.parent_fd = file.get();
  static_cast<void>(
      ::syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
}

bool open_only(std::string_view maps) {
  const auto version = landlock_version();
  if (version == 0) return true;
  const auto rules = make_rules(version);
  if (!rules) return false;
  std::set<std::string> paths{"/proc/self/exe"};
  for (const auto& each : parse_maps(maps)) {
    if (!each.deleted) paths.emplace(each.path);  // else it leads to another file, or to a device
  }
  for (const auto& path : paths) {
    if (path.starts_with('/')) allow(rules, path, LANDLOCK_ACCESS_FS_READ_FILE);
  }
  allow(rules, "/usr/lib/debug", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
  return ::syscall(SYS_landlock_restrict_self, rules.get(), 0) == 0;
}

// --- seccomp (man 2 seccomp)

#if defined(__x86_64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t own_architecture = 0;
#endif

constexpr std::uint32_t refused = SECCOMP_RET_ERRNO | EPERM;

/// sigaltstack: the address sanitizer asks before a call that does not return.
constexpr long reading_calls[] = {
    SYS_read,           SYS_pread64,
    SYS_readv,          SYS_lseek,
    SYS_close,          SYS_fstat,
    SYS_fstatfs,        SYS_fcntl,
    SYS_munmap,         SYS_mremap,
    SYS_madvise,        SYS_brk,
    SYS_futex,          SYS_exit,
    SYS_exit_group,     SYS_rt_sigreturn,
    SYS_rt_sigprocmask, SYS_rt_sigaction,
    SYS_sigaltstack,    SYS_getrandom,
    SYS_getpid,         SYS_gettid,
    SYS_clock_gettime,  SYS_sched_yield,
    SYS_newfstatat,     SYS_restart_syscall,
#ifdef SYS_stat
    SYS_stat,           SYS_lstat,
#endif
};

/// By these calls the undefined behaviour sanitizer learns whether it may read an address.
constexpr long sanitizers_calls[] = {SYS_pipe2, SYS_write,
#ifdef SYS_pipe
                                     SYS_pipe
#endif
};

class filter {
 public:
  filter() {
    load(offsetof(seccomp_data, arch));
    jump_if_equal(own_architecture, 1, 0);
    answer(refused);
    load(offsetof(seccomp_data, nr));
  }
  void allow(long call) {
    jump_if_equal(static_cast<std::uint32_t>(call), 0, 1);
    answer(SECCOMP_RET_ALLOW);
  }
  /// Allows the call unless one of these bits is set in that argument.
  void allow_without(long call, unsigned argument, std::uint32_t bits) {
    jump_if_equal(static_cast<std::uint32_t>(call), 0, 4);
    load(offsetof(seccomp_data, args) + 8 * argument);  // its low half: both machines begin with it
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
    answer(refused);
    answer(SECCOMP_RET_ALLOW);
  }
  [[nodiscard]] bool install() {
    answer(refused);
    const sock_fprog whole{static_cast<unsigned short>(program_.size()), program_.data()};
    return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole) == 0;
  }

 private:
  void load(std::size_t offset) {
    program_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  }
  void jump_if_equal(std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no));
  }
  void answer(std::uint32_t with) { program_.push_back(BPF_STMT(BPF_RET | BPF_K, with)); }

  std::vector<sock_filter> program_;
};

bool has_filters() {
  const std::uint32_t action = SECCOMP_RET_ERRNO;
  return own_architecture != 0 && ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool call_only() {
  if (!has_filters()) return true;
  constexpr std::uint32_t to_write = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
  constexpr std::uint32_t executable = 4;  // PROT_EXEC
  filter made;
  for (const auto call : reading_calls) made.allow(call);
  if constexpr (address_sanitizer) {
    for (const auto call : sanitizers_calls) made.allow(call);
  }
  made.allow_without(SYS_openat, 2, to_write);
#ifdef SYS_open
  made.allow_without(SYS_open, 1, to_write);
#endif
  made.allow_without(SYS_mmap, 2, executable);
  made.allow_without(SYS_mprotect, 2, executable);
  return made.install();
}

}  // namespace

bool confine_to_reading(std::string_view maps, std::uint64_t memory, milliseconds time) {
  return limit_resources(memory, time) && open_only(maps) && call_only();
}

std::string confinement_here() {
  const auto version = landlock_version();
  return fmt::format(
      "{} and {}", has_filters() ? "a seccomp filter" : "no seccomp filter (the kernel has none)",
      version == 0 ? "no Landlock (the kernel has none)" : fmt::format("Landlock {}", version));
}

}  // namespace samjoko::os
