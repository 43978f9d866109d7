// A service for tests that does the mischief its client asks for, one line each: every way to die,
// and every way to be stuck, that the supervisor has to tell apart. "pid" is answered by the pid of
// the process that serves, "hold" by silence; any other line is sent back.

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cfenv>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <mutex>
#include <new>
#include <random>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <samjoko/postmortem/black_box.hpp>
#include <samjoko/samjoko.hpp>

// The compiler must not know that an access to these is wrong.
volatile int zero = 0;
int* volatile nowhere = nullptr;
std::mutex first_lock;

__attribute__((noinline)) void mischief_segv() { *nowhere = 1; }

__attribute__((noinline)) void mischief_bus() {
  char name[] = "/tmp/samjoko-mischief-XXXXXX";
  const int file = ::mkstemp(name);
  ::unlink(name);
  if (::ftruncate(file, 4096) != 0) return;
  auto* const page = static_cast<volatile char*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
  if (::ftruncate(file, 0) != 0) return;
  page[0] = 1;  // behind the end of the file
}

__attribute__((noinline)) int mischief_fpe() { return 7 / zero; }

__attribute__((noinline)) void mischief_ill() { __builtin_trap(); }

__attribute__((noinline)) void mischief_abort() { std::abort(); }

__attribute__((noinline)) void mischief_throw_in_a_thread() {
  throw std::runtime_error("thrown on purpose");
}

__attribute__((noinline)) int mischief_overflow(int depth) {
  if (depth == zero - 1) return 0;  // never: it only counts up from 0
  volatile char room[512];
  std::memset(const_cast<char*>(room), depth, sizeof room);
  return mischief_overflow(depth + 1) + room[depth & 255];
}

__attribute__((noinline)) void mischief_spin() {
  while (zero == 0) {
  }
}

/// Tells its client that it holds the lock; not through the library, to which it never returns.
__attribute__((noinline)) void mischief_lock(int client) {
  const std::lock_guard held(first_lock);
  constexpr std::string_view said = "locked\n";
  if (::send(client, said.data(), said.size(), MSG_NOSIGNAL) < 0) return;
  while (zero == 0) ::pause();
}

__attribute__((noinline)) void mischief_wait_for_lock() { const std::lock_guard held(first_lock); }

__attribute__((noinline)) void mischief_eat_memory() {
  constexpr std::size_t bite = std::size_t{1} << 20;
  for (;;) {
    // Volatile, else the compiler sees that no code reads what is written.
    // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): nothing shall ever free it
    auto* const got = static_cast<volatile char*>(std::malloc(bite));
    if (got == nullptr) continue;
    for (std::size_t i = 0; i < bite; i += 512) got[i] = 1;
  }
}

__attribute__((noinline)) void mischief_bad_alloc() noexcept {
  const rlimit little{std::size_t{1} << 20, std::size_t{1} << 20};
  ::setrlimit(RLIMIT_AS, &little);
  std::vector<char> much(std::size_t{1} << 30);
  std::memset(much.data(), 1, much.size());
}

__attribute__((noinline)) void mischief_double_free() {
  // NOLINTBEGIN(cppcoreguidelines-no-malloc): what no smart pointer would do
  auto* volatile piece = std::malloc(24);
  std::free(piece);
  std::free(piece);
  // NOLINTEND(cppcoreguidelines-no-malloc)
  piece = nullptr;  // so that the call above is no jump, which would leave no trace of us
}

// NOLINTNEXTLINE(bugprone-exception-escape): that is what it is for
__attribute__((noinline)) void mischief_throw() noexcept { mischief_throw_in_a_thread(); }

/// Finds all memory that processes share, as an attacker would.
template <class Each>
void for_each_shared_mapping(Each each) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find(" rw-s ") == std::string::npos || line.find("/dev/zero") == std::string::npos)
      continue;
    char* behind = nullptr;
    const auto start = std::strtoull(line.c_str(), &behind, 16);
    const auto end = std::strtoull(behind + 1, nullptr, 16);
    // NOLINTNEXTLINE(performance-no-int-to-ptr): no pointer leads there
    each(std::span(reinterpret_cast<std::byte*>(start), end - start));
  }
}

/// Acts as a worker under an attacker's control: writes random words to all memory that processes
/// share. Some are pids, for a reader that would signal the pid it finds there.
void mischief_scribble(unsigned seed, pid_t bystander) {
  std::minstd_rand random(seed);
  const std::uint64_t processes[] = {1, std::uint64_t(::getppid()), std::uint64_t(::getpid()),
                                     std::uint64_t(bystander)};
  const auto word = [&]() -> std::uint64_t {
    const auto process = processes[random() % 4];
    switch (random() % 8) {
      case 0: return 0;
      case 1: return ~std::uint64_t{0};
      case 2: return random() % 4;
      case 3: return process << 32 | process;                 // who owns a cell
      case 4: return process << 32 | 2;                       // a capture that is complete
      case 5: return std::uint64_t{random() % 600} << 2 | 2;  // a record that waits to be told
      case 6: return std::uint64_t{random() % 600} << 2 | 3;  // one that was told
      default: return std::uint64_t{random()} << 33 | random();
    }
  };
  for_each_shared_mapping([&](std::span<std::byte> memory) {
    for (std::size_t at = 0; at < memory.size(); at += 8) {
      if (random() % 4 != 0) *reinterpret_cast<volatile std::uint64_t*>(&memory[at]) = word();
    }
  });
}

/// A capture whose map names a file that the attacker chose, as if the thread had run its code.
void forge(samjoko::postmortem::capture_slot& slot, const std::string& path) {
  struct stat file = {};
  if (::stat(path.c_str(), &file) != 0) return;
  constexpr std::uint64_t start = 0x5000'0000;
  slot.reason = samjoko::postmortem::capture_reason::fatal_signal;
  slot.pid = slot.tid = ::getpid();
  slot.signal = SIGSEGV;
  slot.has_registers = 1;
  slot.registers.fill(start + 0x1100);
  slot.stack_address = start + 0x1100;
  slot.stack_size = samjoko::postmortem::capture_slot::stack_room;
  for (std::size_t at = 0; at < slot.stack.size(); at += 8) {
    const auto word = start + 0x1000 + at % 0x1000;
    std::memcpy(slot.stack.data() + at, &word, sizeof word);
  }
  const int size = std::snprintf(
      slot.maps.data(), slot.maps.size(), "%lx-%lx r-xp 00000000 %02x:%02x %lu %s\n", start,
      start + 0x10'0000, unsigned(file.st_dev >> 8 & 0xfff), unsigned(file.st_dev & 0xff),
      static_cast<unsigned long>(file.st_ino), path.c_str());
  slot.maps_size = static_cast<std::uint32_t>(size);
  slot.maps_cut = 0;
  slot.claim = std::uint64_t(::getpid()) << 32 | 2;  // complete
}

/// Forges all captures of its box, then crashes, so that they are read.
void mischief_forge(const std::string& path) {
  using samjoko::postmortem::black_boxes;
  using samjoko::postmortem::capture_slot;
  constexpr std::size_t whole = black_boxes::captures_at_once * sizeof(capture_slot);
  for_each_shared_mapping([&](std::span<std::byte> memory) {
    if (memory.size() < whole || memory.size() >= whole + 4096) return;
    auto* const slots = reinterpret_cast<capture_slot*>(memory.data());
    for (auto& each : std::span(slots, samjoko::postmortem::black_boxes::captures_at_once))
      forge(each, path);
    static_cast<void>(std::signal(SIGSEGV, SIG_DFL));
    static_cast<void>(::raise(SIGSEGV));
  });
}

/// Sends messages of every kind and size to the master, with two descriptors beside each.
void mischief_flood(unsigned seed) {
  std::minstd_rand random(seed);
  for (int number = 3; number < 1024; ++number) {
    int type = 0;
    socklen_t size = sizeof type;
    if (::getsockopt(number, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET)
      continue;
    for (int n = 0; n < 20'000; ++n) {
      std::uint16_t words[8] = {};
      for (auto& each : words) each = static_cast<std::uint16_t>(random() % 24);
      words[0] = random() % 4 == 0 ? words[0] : 1;   // the version
      words[1] = random() % 2 == 0 ? words[1] : 20;  // that a death waits
      iovec piece{words, random() % 4 == 0 ? 1 + random() % 16 : 8};
      alignas(cmsghdr) char room[CMSG_SPACE(2 * sizeof(int))] = {};
      msghdr header = {};
      header.msg_iov = &piece;
      header.msg_iovlen = 1;
      header.msg_control = room;
      header.msg_controllen = sizeof room;
      auto* const control = CMSG_FIRSTHDR(&header);
      control->cmsg_level = SOL_SOCKET;
      control->cmsg_type = SCM_RIGHTS;
      control->cmsg_len = CMSG_LEN(2 * sizeof(int));
      const int attached[2] = {2, 2};
      std::memcpy(CMSG_DATA(control), attached, sizeof attached);
      if (::sendmsg(number, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) ::usleep(20);
    }
  }
}

int number_behind(std::string_view word, std::string_view line) {
  int number = 0;
  std::from_chars(line.data() + word.size(), line.data() + line.size(), number);
  return number;
}

void crash(std::string_view how) {
  if (how == "segv") mischief_segv();
  if (how == "bus") mischief_bus();
  if (how == "fpe") std::printf("%d", mischief_fpe());
  if (how == "ill") mischief_ill();
  if (how == "abort") mischief_abort();
  if (how == "throw in a thread") std::thread(mischief_throw_in_a_thread).join();
  if (how == "overflow") std::printf("%d", mischief_overflow(0));
  if (how == "bad alloc") mischief_bad_alloc();
  if (how == "double free") mischief_double_free();
  if (how == "throw") mischief_throw();
}

void hang(std::string_view how, int client) {
  if (how == "spin") mischief_spin();
  if (how == "lock") mischief_lock(client);
  if (how == "wait for lock") mischief_wait_for_lock();
  if (how == "eat memory") mischief_eat_memory();
}

samjoko::task<> obey(samjoko::connection& client) {
  while (auto line = co_await client.read_line()) {
    const auto wanted = std::string(*line);
    if (wanted.starts_with("exit ")) std::exit(number_behind("exit ", wanted));
    if (wanted.starts_with("_exit ")) ::_exit(number_behind("_exit ", wanted));
    if (wanted == "hold") continue;
    if (wanted == "doze") ::usleep(300'000);
    if (wanted.starts_with("scribble ")) {
      unsigned seed = 0;
      int bystander = 0;
      std::istringstream(wanted.substr(9)) >> seed >> bystander;
      mischief_scribble(seed, bystander);
    }
    if (wanted.starts_with("flood ")) mischief_flood(unsigned(number_behind("flood ", wanted)));
    if (wanted.starts_with("forge ")) mischief_forge(wanted.substr(6));
    crash(wanted);
    hang(wanted, client.socket());
    const auto answer = (wanted == "pid" ? std::to_string(::getpid()) : wanted) + "\n";
    const auto written = co_await client.write(samjoko::as_bytes(answer));
    if (!written) co_return;
  }
}

int main(int argc, char** argv) {
  return samjoko::run(argc, argv,
                      {.name = "mischief", .handler = obey, .stops_between_reads = true});
}
