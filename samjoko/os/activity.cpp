#include <samjoko/os/activity.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace samjoko::os {
namespace {

/// How many cells a thread tries before it does without.
constexpr std::size_t tries = 8;

struct table_of_process {
  activity_cell* first = nullptr;
  std::size_t count = 0;
  std::uint32_t worker = 0;
};
constinit table_of_process known;

/// The kernel deals numbers in sequence, so that the number itself spreads well.
std::size_t place_of(pid_t thread, std::size_t attempt, std::size_t count) noexcept {
  return (static_cast<std::size_t>(thread) + attempt) % count;
}

void begin(activity_cell& cell) noexcept {
  cell.client.store(0);
  cell.clients.store(0);
  cell.told_by.store(0);
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

activity_cell* claim() noexcept {
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

/// Called, not inlined where the size is known to be small: GCC makes `rep movs` of that, which
/// takes longer to start than all the rest of a mark.
[[gnu::noinline]] void copy_text(char* to, const char* from, std::size_t size) noexcept {
  std::memcpy(to, from, size);
}

void note_exit() noexcept {
  if (this_activity == nullptr) return;
  this_activity->called_exit.store(1);
  mark_peer();
}

}  // namespace

void use_activity_cells(std::span<activity_cell> table, std::uint32_t worker) noexcept {
  if (known.count == 0) std::atexit(&note_exit);
  known = {table.data(), table.size(), worker};
}

activity_guard::activity_guard() noexcept { this_activity = claim(); }

/// One who was told to end by somebody keeps his cell for whoever reaps him.
activity_guard::~activity_guard() {
  if (this_activity != nullptr && this_activity->told_by.load() == 0) release(*this_activity);
  this_activity = nullptr;
}

void mark_new_client(int descriptor, const peer_name& peer) noexcept {
  if (this_activity == nullptr) return;
  mark_client(descriptor);
  this_activity->peer = peer;
  this_activity->clients.store(this_activity->clients.load() + 1);
}

void mark_no_client() noexcept {
  if (this_activity == nullptr) return;
  this_activity->client.store(0);
  this_activity->request_size.store(0);
  this_activity->peer.size = 0;
}

void mark_request(std::string_view line) noexcept {
  auto* mine = this_activity;
  if (mine == nullptr) return;
  const auto size = std::min(line.size(), activity_cell::request_room);
  copy_text(mine->request.data(), line.data(), size);
  mine->request_size.store(static_cast<std::uint32_t>(size), std::memory_order_relaxed);
}

void mark_told_by(pid_t sender) noexcept {
  if (this_activity != nullptr) this_activity->told_by.store(sender);
}

void mark_peer() noexcept {
  auto* mine = this_activity;
  if (mine == nullptr || mine->client.load() == 0 || mine->peer.size != 0) return;
  const int saved = errno;
  socklen_t size = sizeof mine->peer.bytes;
  if (::getpeername(mine->client.load() - 1, mine->peer.room(), &size) == 0)
    mine->peer.size = std::min<std::uint32_t>(size, sizeof mine->peer.bytes);
  errno = saved;
}

activity_cell* find_activity(std::span<activity_cell> table, pid_t process) noexcept {
  for (std::size_t i = 0; i < std::min(tries, table.size()); ++i) {
    auto& cell = table[place_of(process, i, table.size())];
    if (process_of(cell) == process && thread_of(cell) == process) return &cell;
  }
  return nullptr;
}

}  // namespace samjoko::os
