#include <samjoko/scoreboard/thread_slot.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace samjoko::scoreboard {
namespace {

/// How many slots a thread tries before it does without one.
constexpr std::size_t tries = 8;

struct table_of_process {
  thread_slot* first = nullptr;
  std::size_t count = 0;
  std::uint32_t worker = 0;
};
constinit table_of_process known;

/// The kernel gives out numbers in sequence, so the number itself spreads well.
std::size_t place_of(pid_t thread, std::size_t attempt, std::size_t count) noexcept {
  return (static_cast<std::size_t>(thread) + attempt) % count;
}

void begin(thread_slot& cell) noexcept {
  cell.client.store(0);
  cell.clients.store(0);
  cell.signalled_by.store(0);
  cell.ended_after.store(0);
  cell.ended_for.store(0);
  cell.noted_end.store(0);
  cell.called_exit.store(0);
  cell.dying.store(0);
  cell.worker.store(static_cast<std::uint16_t>(known.worker));
  cell.request_size.store(0);
  cell.peer.size = 0;
  cell.step.store((cell.step.load() + 1) | 1);
}

thread_slot* claim() noexcept {
  if (known.count == 0) return nullptr;
  const pid_t thread = ::gettid();
  const auto owner = std::uint64_t{static_cast<std::uint32_t>(::getpid())} << 32 |
                     static_cast<std::uint32_t>(thread);
  for (std::size_t i = 0; i < tries; ++i) {
    auto& cell = known.first[place_of(thread, i, known.count)];
    std::uint64_t nobody = 0;
    if (!cell.owner.compare_exchange_strong(nobody, owner)) continue;
    begin(cell);
    return &cell;
  }
  return nullptr;
}

/// Called, and not inlined where the size is known to be small: GCC would copy by `rep movs`, which
/// takes longer to start than all the rest of a mark.
[[gnu::noinline]] void copy_text(char* to, const char* from, std::size_t size) noexcept {
  std::memcpy(to, from, size);
}

void note_exit() noexcept {
  if (this_thread_slot == nullptr) return;
  this_thread_slot->called_exit.store(1);
  mark_peer();
}

}  // namespace

void use_thread_slots(std::span<thread_slot> table, std::uint32_t worker) noexcept {
  if (known.count == 0) std::atexit(&note_exit);
  known = {table.data(), table.size(), worker};
}

thread_slot_guard::thread_slot_guard() noexcept { this_thread_slot = claim(); }

/// A thread that a foreign SIGTERM told to end keeps its slot; the process that reaps it frees it.
thread_slot_guard::~thread_slot_guard() {
  if (this_thread_slot != nullptr && this_thread_slot->signalled_by.load() == 0)
    release(*this_thread_slot);
  this_thread_slot = nullptr;
}

void mark_new_client(int descriptor, const peer_name& peer) noexcept {
  if (this_thread_slot == nullptr) return;
  mark_client(descriptor);
  this_thread_slot->peer = peer;
  this_thread_slot->clients.store(this_thread_slot->clients.load() + 1);
}

void mark_no_client() noexcept {
  if (this_thread_slot == nullptr) return;
  this_thread_slot->client.store(0);
  this_thread_slot->request_size.store(0);
  this_thread_slot->peer.size = 0;
}

void mark_request(std::string_view line) noexcept {
  auto* mine = this_thread_slot;
  if (mine == nullptr) return;
  const auto size = std::min(line.size(), thread_slot::request_room);
  copy_text(mine->request.data(), line.data(), size);
  mine->request_size.store(static_cast<std::uint32_t>(size), std::memory_order_relaxed);
}

void mark_told_by(pid_t sender) noexcept {
  if (this_thread_slot != nullptr) this_thread_slot->signalled_by.store(sender);
}

void mark_peer() noexcept {
  auto* mine = this_thread_slot;
  if (mine == nullptr || mine->client.load() == 0 || mine->peer.size != 0) return;
  const int saved = errno;
  socklen_t size = sizeof mine->peer.bytes;
  if (::getpeername(mine->client.load() - 1, mine->peer.room(), &size) == 0)
    mine->peer.size = std::min<std::uint32_t>(size, sizeof mine->peer.bytes);
  errno = saved;
}

thread_slot* find_thread_slot(std::span<thread_slot> table, pid_t process) noexcept {
  for (std::size_t i = 0; i < std::min(tries, table.size()); ++i) {
    auto& cell = table[place_of(process, i, table.size())];
    if (process_of(cell) == process && thread_of(cell) == process) return &cell;
  }
  return nullptr;
}

}  // namespace samjoko::scoreboard
