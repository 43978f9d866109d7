#pragma once
// Charter: one account of the open connections of a whole program, over all its workers and models:
// how many there may be in all and from one peer address, and how many were refused. It is shared
// memory, made before the first fork. It has no lock, so a process that dies cannot leave one
// locked.
//
// A connection that is counted holds a seat: a word that contains the tag of its holder (the
// worker, the worker's generation in its slot, the process of its pool). Taking a seat is one
// compare-and-swap. It counts the connection and names its holder in the same instant, so a process
// can never be killed between the two.
//
// Invariant: a seat is taken if and only if its tag names the present generation of a worker. Hence
// one store, which ends the generation of a dead worker, gives back all seats that the worker held,
// and nothing that its orphans do afterwards counts. A process of a pool writes a seat down before
// it reaches for it. When the process dies while its worker lives, the worker reaps it and leaves
// that seat in its name. Nothing happens if the process did not hold the seat, or no longer.
//
// Seats in all are an array of as many as there may be connections. A full scan that finds no free
// seat while none was freed refuses its client and marks the array full. Later clients are refused
// without a scan until a seat is freed. So a client is refused only if at one moment all seats were
// taken. Seats of peers are an open-addressing table, twice as large, in which each connection is
// an entry at or behind the home of its peer. An entry is taken first and the peer's entries are
// counted then; when they are too many the entry is given back. A peer never has more than its
// limit, but when two clients come in the same instant for its last seat, both may be refused.
//
// A peer is an IPv4 address, or the first 64 bits of an IPv6 address. nginx (limit_conn) and
// OpenSSH (PerSourceMaxStartups) take the whole IPv6 address unless told otherwise. But one host is
// given a whole /64 (RFC 4291 section 2.5.1, RFC 6177) and changes its address within it daily (RFC
// 8981), so a client that wants to evade a limit on whole addresses could. The price: the hosts of
// one IPv6 network segment share the limit.

#include <atomic>
#include <cstdint>
#include <samjoko/base/result.hpp>
#include <samjoko/os/address.hpp>
#include <samjoko/os/shared_memory.hpp>
#include <samjoko/serve/model.hpp>
#include <samjoko/serve/permit.hpp>

namespace samjoko::serve {

/// Names the holder of a connection's seats; see the invariant above.
using holder_tag = std::uint64_t;

enum class entry : std::uint8_t { admitted, all_taken, all_of_peer_taken };

/// Copied by fork, its memory shared. Every operation is lock-free and safe from any thread and any
/// process at any time. Without a limit it has no memory and costs nothing. With a limit in all a
/// connection costs two compare-and-swaps. A limit per peer adds two more, a store, and a look at
/// about as many entries as its peer may have.
class connection_limiter {
 public:
  /// With a limit per peer and none in all, there may be so many connections in all.
  static constexpr std::uint32_t most_without_limit = 131'072;

  connection_limiter() noexcept = default;
  /// For workers numbered from 1 to `workers`. Memory: 8 bytes for each connection that there may
  /// be, 48 to 96 more with a limit per peer; it costs nothing before it is used. Errors: ENOMEM.
  [[nodiscard]] static result<connection_limiter> make(const serve_limits& limits,
                                                       std::size_t workers);

  /// The number that stands for a peer; 0 for a peer that is not counted: that of a unix socket.
  [[nodiscard]] static std::uint64_t peer_of(const os::address& from) noexcept;

  /// The tag of a worker's present generation. The worker itself asks for it, once, when it starts.
  /// `member`: the number of the process in its pool, from 1 up; 0: the worker.
  [[nodiscard]] holder_tag holder(std::size_t worker, std::uint32_t member = 0) const noexcept;

  /// Counts a connection. `peer`: as by peer_of(); 0 without a limit per peer. `near`: where to
  /// look for a seat first, as the seat that this process got or left last. Workers that look in
  /// different places do not slow one another.
  [[nodiscard]] entry enter(holder_tag who, std::uint64_t peer, std::uint32_t near,
                            seats& taken) const noexcept;
  /// Counts the connection out again. Harmless when `who` does not hold the seats.
  void leave(holder_tag who, seats held) const noexcept;
  /// Frees all that a dead worker held. The process that reaped it calls this, before the successor
  /// starts.
  void give_back(std::size_t worker) const noexcept;

  void count_refusal() const noexcept;
  [[nodiscard]] std::uint64_t refused() const noexcept;
  /// How many connections hold a seat. It looks through all seats; for tests and reports.
  [[nodiscard]] std::uint32_t open() const noexcept;
  [[nodiscard]] std::uint32_t open_of(std::uint64_t peer) const noexcept;

  /// 0: no limit.
  [[nodiscard]] std::uint32_t most_in_all() const noexcept { return most_in_all_; }
  [[nodiscard]] std::uint32_t most_of_peer() const noexcept { return most_of_peer_; }
  /// Processes forked from now on do not use the account: their forks do not pay for it.
  void keep_from_children() const noexcept { words_.keep_from_children(); }

 private:
  using shared_word = std::atomic_ref<std::uint64_t>;

  [[nodiscard]] shared_word at(std::size_t index) const noexcept {
    return shared_word(words_.cells()[index]);
  }
  [[nodiscard]] shared_word seat(std::uint32_t number) const noexcept {
    return at(seats_at_ + number - 1);
  }
  enum part : std::size_t { holder_part, peer_part, reach_part, parts };
  [[nodiscard]] shared_word peer_seat(std::size_t entry, part which) const noexcept {
    return at(peers_at_ + parts * entry + which);
  }
  [[nodiscard]] std::size_t home_of(std::uint64_t peer) const noexcept {
    return static_cast<std::size_t>((peer * multiplier_) >> (64 - peer_bits_));
  }
  [[nodiscard]] bool is_taken(std::uint64_t holder) const noexcept;
  [[nodiscard]] bool take(shared_word which, holder_tag who) const noexcept;
  [[nodiscard]] bool look_through(std::uint32_t count, holder_tag who, std::uint32_t near,
                                  std::uint32_t& taken) const noexcept;
  [[nodiscard]] bool take_in_all(holder_tag who, std::uint32_t near,
                                 std::uint32_t& taken) const noexcept;
  [[nodiscard]] bool take_entry(holder_tag who, std::uint64_t peer,
                                std::uint32_t& taken) const noexcept;
  [[nodiscard]] bool take_of_peer(holder_tag who, std::uint64_t peer,
                                  std::uint32_t& taken) const noexcept;

  std::uint32_t most_in_all_ = 0;
  std::uint32_t most_of_peer_ = 0;
  std::size_t workers_ = 0;
  std::size_t seats_at_ = 0;
  std::size_t peers_at_ = 0;
  /// There are 2 to the power of this entries of peers.
  unsigned peer_bits_ = 0;
  /// Odd and secret, so that a client cannot choose addresses that share a home (multiply-shift
  /// hashing: Dietzfelbinger and others, 1997).
  std::uint64_t multiplier_ = 1;
  os::shared_cells<std::uint64_t> words_;
};

}  // namespace samjoko::serve
