#include <samjoko/serve/connection_limiter.hpp>

#include <algorithm>
#include <bit>
#include <random>
#include <samjoko/base/check.hpp>
#include <thread>
#include <utility>

namespace samjoko::serve {
namespace {

// The first words. Each word that is written often has a cache line of its own.
constexpr std::size_t full_at = 0;          ///< see take_in_all()
constexpr std::size_t looks_at = 8;         ///< how many scans of all seats were begun
constexpr std::size_t refused_at = 16;      ///< connections
constexpr std::size_t generations_at = 24;  ///< of each worker; number 0 is unused

// A tag: member, worker, generation. The generation comes around after 16 million deaths in a slot.
constexpr unsigned generation_bits = 24;
constexpr unsigned worker_bits = 12;
constexpr std::uint64_t generation_mask = (std::uint64_t{1} << generation_bits) - 1;
constexpr std::uint64_t worker_mask = (std::uint64_t{1} << worker_bits) - 1;

/// Free seats are mostly near; a scan of all seats is the exception.
constexpr std::uint32_t first_look = 64;
/// How often a client steps back for another client of the same peer.
constexpr unsigned tries_for_peer = 16;

/// A value of the word at full_at: 0, the number of a scan under way, or of a scan that found
/// nothing.
constexpr std::uint64_t found_nothing = 1;
constexpr bool is_full(std::uint64_t look) noexcept { return (look & found_nothing) != 0; }

std::uint64_t odd_random() {
  std::random_device source;
  return (std::uint64_t{source()} << 32 | source()) | 1;
}

}  // namespace

result<connection_limiter> connection_limiter::make(const serve_limits& limits,
                                                    std::size_t workers) {
  SAMJOKO_CHECK(workers <= worker_mask, "more workers than a tag can name");
  connection_limiter made;
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
std::uint64_t connection_limiter::peer_of(const os::address& from) noexcept {
  const auto bytes = from.host_key();
  std::uint64_t number = 0;
  for (const char each : bytes.substr(0, 8)) number = number << 8 | static_cast<std::uint8_t>(each);
  if (bytes.empty()) return 0;
  if (bytes.size() == 4) return std::uint64_t{1} << 32 | number;
  return std::max<std::uint64_t>(number, 1);
}

holder_tag connection_limiter::holder(std::size_t worker, std::uint32_t member) const noexcept {
  if (words_.size() == 0) return 0;
  SAMJOKO_CHECK(worker >= 1 && worker <= workers_, "workers are numbered from 1");
  const auto generation = at(generations_at + worker).load() & generation_mask;
  return (std::uint64_t{member} << worker_bits | worker) << generation_bits | generation;
}

bool connection_limiter::is_taken(std::uint64_t holder) const noexcept {
  if (holder == 0) return false;
  const auto worker = holder >> generation_bits & worker_mask;
  // A tag of a worker that does not exist is forged, and lies beyond the end of the generations.
  if (worker == 0 || worker > workers_) return false;
  return (at(generations_at + worker).load() & generation_mask) == (holder & generation_mask);
}

bool connection_limiter::take(shared_word which, holder_tag who) const noexcept {
  auto holder = which.load();
  return !is_taken(holder) && which.compare_exchange_strong(holder, who);
}

bool connection_limiter::look_through(std::uint32_t count, holder_tag who, std::uint32_t near,
                                      std::uint32_t& taken) const noexcept {
  taken = near % most_in_all_;
  for (; count > 0; --count) {
    // Written before the seat is reached for: if this process ends now, its worker looks there.
    taken = taken == most_in_all_ ? 1 : taken + 1;
    if (take(seat(taken), who)) return true;
  }
  taken = 0;
  return false;
}

/// The word at full_at makes refusals cheap and right. A scan of all seats has a number, which
/// stands in the word meanwhile. A connection that leaves stores 0 there after its seat is free. So
/// if the number still stands when the scan has found nothing, no seat was freed during the scan.
/// Then all seats were taken at its end, and they stay taken until the word is 0. Several scans may
/// share a number.
bool connection_limiter::take_in_all(holder_tag who, std::uint32_t near,
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

std::uint32_t connection_limiter::open_of(std::uint64_t peer) const noexcept {
  if (most_of_peer_ == 0) return 0;
  const auto home = home_of(peer);
  const auto mask = (std::size_t{1} << peer_bits_) - 1;
  // No further than there are entries, whatever value the memory holds.
  const auto reach = std::min<std::size_t>(peer_seat(home, reach_part).load(), mask + 1);
  std::uint32_t count = 0;
  for (std::size_t step = 0; step < reach; ++step) {
    const auto entry = (home + step) & mask;
    if (peer_seat(entry, peer_part).load() != peer) continue;
    if (is_taken(peer_seat(entry, holder_part).load())) ++count;
  }
  return count;
}

/// The reach grows before the entry is taken, so that every count made after that looks far enough
/// to see the entry. It never shrinks: it is as far as the peers of this home have ever had to go.
bool connection_limiter::take_entry(holder_tag who, std::uint64_t peer,
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

/// The entry is taken first and the peer's entries are counted then: of any two clients the one
/// that counts last sees both. A client that counts too many gives its entry back, and tries again
/// in case it only met another client that did the same.
bool connection_limiter::take_of_peer(holder_tag who, std::uint64_t peer,
                                      std::uint32_t& taken) const noexcept {
  for (unsigned tries = 0; tries < tries_for_peer; ++tries) {
    if (open_of(peer) >= most_of_peer_ || !take_entry(who, peer, taken)) return false;
    if (open_of(peer) <= most_of_peer_) return true;
    leave(who, {.in_all = 0, .of_peer = taken});
    // Two clients that met have different entries, so they do not keep step for long.
    for (auto rounds = (std::exchange(taken, 0) >> (tries % 8)) % 4; rounds > 0; --rounds)
      std::this_thread::yield();
  }
  return false;
}

entry connection_limiter::enter(holder_tag who, std::uint64_t peer, std::uint32_t near,
                                seats& taken) const noexcept {
  taken = {};
  if (words_.size() == 0) return entry::admitted;
  if (most_of_peer_ != 0 && peer != 0 && !take_of_peer(who, peer, taken.of_peer))
    return entry::all_of_peer_taken;
  if (take_in_all(who, near, taken.in_all)) return entry::admitted;
  leave(who,
        taken);  // before `taken` is cleared: if this process dies, its worker looks there
  taken = {};
  return entry::all_taken;
}

/// A dead member's seats are read from memory that others write too, so a number out of range is
/// ignored.
void connection_limiter::leave(holder_tag who, seats held) const noexcept {
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

void connection_limiter::give_back(std::size_t worker) const noexcept {
  if (words_.size() == 0) return;
  SAMJOKO_CHECK(worker >= 1 && worker <= workers_, "workers are numbered from 1");
  at(generations_at + worker).fetch_add(1);
  at(full_at).store(0);
}

void connection_limiter::count_refusal() const noexcept {
  if (words_.size() != 0) at(refused_at).fetch_add(1);
}

std::uint64_t connection_limiter::refused() const noexcept {
  return words_.size() == 0 ? 0 : at(refused_at).load();
}

std::uint32_t connection_limiter::open() const noexcept {
  std::uint32_t count = 0;
  for (std::uint32_t number = 1; number <= most_in_all_; ++number)
    count += is_taken(seat(number).load()) ? 1 : 0;
  return count;
}

}  // namespace samjoko::serve
