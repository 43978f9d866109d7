#include <samjoko/serve/connection_account.hpp>

#include <algorithm>
#include <bit>
#include <random>
#include <samjoko/base/check.hpp>
#include <thread>
#include <utility>

namespace samjoko::serve {
namespace {

// The first words; each that is written in its turn has a cache line of its own.
constexpr std::size_t full_at = 0;          ///< see take_in_all()
constexpr std::size_t looks_at = 8;         ///< how many looks through all seats were begun
constexpr std::size_t refused_at = 16;      ///< connections
constexpr std::size_t generations_at = 24;  ///< of each worker; number 0 is nobody's

// A tag: member, worker, generation. The generation comes around after 16 million deaths in a slot.
constexpr unsigned generation_bits = 24;
constexpr unsigned worker_bits = 12;
constexpr std::uint64_t generation_mask = (std::uint64_t{1} << generation_bits) - 1;
constexpr std::uint64_t worker_mask = (std::uint64_t{1} << worker_bits) - 1;

/// Free seats are mostly near; a look through all is the exception.
constexpr std::uint32_t first_look = 64;
/// How often one steps back for another client of the same peer.
constexpr unsigned tries_for_peer = 16;

/// A value of the word at full_at: 0, the number of a look under way, or of one that found nothing.
constexpr std::uint64_t found_nothing = 1;
constexpr bool is_full(std::uint64_t look) noexcept { return (look & found_nothing) != 0; }

std::uint64_t odd_random() {
  std::random_device source;
  return (std::uint64_t{source()} << 32 | source()) | 1;
}

}  // namespace

result<connection_account> connection_account::make(const serve_limits& limits,
                                                    std::size_t workers) {
  CHECK(workers <= worker_mask, "more workers than a tag can name");
  connection_account made;
  made.most_in_all_ = limits.max_connections;
  made.most_of_peer_ = limits.max_connections_per_peer;
  made.workers_ = workers;
  if (made.most_of_peer_ != 0 && made.most_in_all_ == 0) made.most_in_all_ = most_without_limit;
  if (made.most_in_all_ == 0) return made;
  made.seats_at_ = generations_at + workers + 1;
  made.peers_at_ = made.seats_at_ + made.most_in_all_;
  auto size = made.peers_at_;
  if (made.most_of_peer_ != 0) {
    const auto entries = std::bit_ceil(2 * std::size_t{std::max(made.most_in_all_, 32u)});
    made.peer_bits_ = static_cast<unsigned>(std::countr_zero(entries));
    made.multiplier_ = odd_random();
    size += parts * entries;
  }
  auto words = os::shared_cells<std::uint64_t>::make(size);
  if (!words) return failure_of(words);
  made.words_ = std::move(*words);
  return made;
}

/// IPv4 addresses lie in 0:1::/32, which is reserved (RFC 4291 section 2.4); so does 1, which
/// stands for the loopback's own ::/64.
std::uint64_t connection_account::peer_of(const os::address& from) noexcept {
  const auto bytes = from.host_key();
  std::uint64_t number = 0;
  for (const char each : bytes.substr(0, 8)) number = number << 8 | static_cast<std::uint8_t>(each);
  if (bytes.empty()) return 0;
  if (bytes.size() == 4) return std::uint64_t{1} << 32 | number;
  return std::max<std::uint64_t>(number, 1);
}

holder_tag connection_account::holder(std::size_t worker, std::uint32_t member) const noexcept {
  if (words_.size() == 0) return 0;
  CHECK(worker >= 1 && worker <= workers_, "workers are numbered from 1");
  const auto generation = at(generations_at + worker).load() & generation_mask;
  return (std::uint64_t{member} << worker_bits | worker) << generation_bits | generation;
}

bool connection_account::is_taken(std::uint64_t holder) const noexcept {
  if (holder == 0) return false;
  const auto worker = holder >> generation_bits & worker_mask;
  // A tag that no worker of ours has is forged, and beyond the end of the generations.
  if (worker == 0 || worker > workers_) return false;
  return (at(generations_at + worker).load() & generation_mask) == (holder & generation_mask);
}

bool connection_account::take(shared_word which, holder_tag who) const noexcept {
  auto holder = which.load();
  return !is_taken(holder) && which.compare_exchange_strong(holder, who);
}

bool connection_account::look_through(std::uint32_t count, holder_tag who, std::uint32_t near,
                                      std::uint32_t& taken) const noexcept {
  taken = near % most_in_all_;
  for (; count > 0; --count) {
    // Written down before it is reached for: should this process end now, somebody looks there.
    taken = taken == most_in_all_ ? 1 : taken + 1;
    if (take(seat(taken), who)) return true;
  }
  taken = 0;
  return false;
}

/// The word at full_at makes refusals cheap and right. A look through all seats has a number, which
/// stands there meanwhile; who leaves puts a 0 there after his seat is free. So a number that still
/// stands when the look has found nothing says that nobody left during it: at its end all seats
/// were taken, and they still are until the word is 0. Several may look by one number.
bool connection_account::take_in_all(holder_tag who, std::uint32_t near,
                                     std::uint32_t& taken) const noexcept {
  const auto full = at(full_at);
  auto look = full.load();
  if (is_full(look)) return false;
  if (look_through(std::min(first_look, most_in_all_), who, near, taken)) return true;
  for (look = full.load(); !is_full(look);) {
    if (look == 0) {
      const auto fresh = 2 * (at(looks_at).fetch_add(1) + 1);
      if (full.compare_exchange_strong(look, fresh)) look = fresh;
      continue;
    }
    if (look_through(most_in_all_, who, near, taken)) return true;
    if (full.compare_exchange_strong(look, look | found_nothing)) return false;
  }
  return false;
}

std::uint32_t connection_account::open_of(std::uint64_t peer) const noexcept {
  if (most_of_peer_ == 0) return 0;
  const auto home = home_of(peer);
  const auto mask = (std::size_t{1} << peer_bits_) - 1;
  // No further than there are entries, whatever stands there.
  const auto reach = std::min<std::size_t>(peer_seat(home, reach_part).load(), mask + 1);
  std::uint32_t count = 0;
  for (std::size_t step = 0; step < reach; ++step) {
    const auto entry = (home + step) & mask;
    if (peer_seat(entry, peer_part).load() != peer) continue;
    if (is_taken(peer_seat(entry, holder_part).load())) ++count;
  }
  return count;
}

/// The reach grows before the entry is taken, so that whoever counts after this has an entry looks
/// far enough. It never shrinks: it is as far as the peers of this home have ever had to go.
bool connection_account::take_entry(holder_tag who, std::uint64_t peer,
                                    std::uint32_t& taken) const noexcept {
  const auto home = home_of(peer);
  const auto entries = std::size_t{1} << peer_bits_;
  const auto reach_of_home = peer_seat(home, reach_part);
  for (std::size_t step = 0; step < entries; ++step) {
    const auto entry = (home + step) & (entries - 1);
    if (is_taken(peer_seat(entry, holder_part).load())) continue;
    auto reach = reach_of_home.load();
    while (reach < step + 1 && !reach_of_home.compare_exchange_weak(reach, step + 1)) {
    }
    taken = static_cast<std::uint32_t>(entry + 1);
    if (!take(peer_seat(entry, holder_part), who)) continue;
    peer_seat(entry, peer_part).store(peer);
    return true;
  }
  taken = 0;
  return false;
}

/// Taken first and counted then: of any two the one that counts last sees both. Who sees too many
/// steps back, and tries again if he only met another who did the same.
bool connection_account::take_of_peer(holder_tag who, std::uint64_t peer,
                                      std::uint32_t& taken) const noexcept {
  for (unsigned tries = 0; tries < tries_for_peer; ++tries) {
    if (open_of(peer) >= most_of_peer_ || !take_entry(who, peer, taken)) return false;
    if (open_of(peer) <= most_of_peer_) return true;
    leave(who, {.in_all = 0, .of_peer = taken});
    // Two that met have different entries, and so do not keep step for long.
    for (auto rounds = (std::exchange(taken, 0) >> (tries % 8)) % 4; rounds > 0; --rounds)
      std::this_thread::yield();
  }
  return false;
}

entry connection_account::enter(holder_tag who, std::uint64_t peer, std::uint32_t near,
                                seats& taken) const noexcept {
  taken = {};
  if (words_.size() == 0) return entry::admitted;
  if (most_of_peer_ != 0 && peer != 0 && !take_of_peer(who, peer, taken.of_peer))
    return entry::all_of_peer_taken;
  if (take_in_all(who, near, taken.in_all)) return entry::admitted;
  leave(who,
        taken);  // first, and forgotten then: should this process end now, somebody looks there
  taken = {};
  return entry::all_taken;
}

/// What a member of a pool held stands where the others write too: a number that is none is
/// nobody's.
void connection_account::leave(holder_tag who, seats held) const noexcept {
  const auto entries = most_of_peer_ == 0 ? 0 : std::size_t{1} << peer_bits_;
  if (held.of_peer != 0 && held.of_peer <= entries) {
    auto holder = who;
    peer_seat(held.of_peer - 1, holder_part).compare_exchange_strong(holder, 0);
  }
  if (held.in_all == 0 || held.in_all > most_in_all_) return;
  auto holder = who;
  seat(held.in_all).compare_exchange_strong(holder, 0);
  if (at(full_at).load() != 0) at(full_at).store(0);
}

void connection_account::give_back(std::size_t worker) const noexcept {
  if (words_.size() == 0) return;
  CHECK(worker >= 1 && worker <= workers_, "workers are numbered from 1");
  at(generations_at + worker).fetch_add(1);
  at(full_at).store(0);
}

void connection_account::count_refusal() const noexcept {
  if (words_.size() != 0) at(refused_at).fetch_add(1);
}

std::uint64_t connection_account::refused() const noexcept {
  return words_.size() == 0 ? 0 : at(refused_at).load();
}

std::uint32_t connection_account::open() const noexcept {
  std::uint32_t count = 0;
  for (std::uint32_t number = 1; number <= most_in_all_; ++number)
    count += is_taken(seat(number).load()) ? 1 : 0;
  return count;
}

}  // namespace samjoko::serve
