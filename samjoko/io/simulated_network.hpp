#pragma once
// Charter: sockets that exist only in memory, with numbers far above real descriptors. One seed
// decides how many of the sent bytes are read at once, how many are taken at once, and what breaks.

#include <cstdint>
#include <deque>
#include <map>
#include <samjoko/io/buffers.hpp>
#include <samjoko/io/operation.hpp>
#include <samjoko/os/address.hpp>
#include <string>
#include <utility>

namespace samjoko::io {

/// How often, in a thousand tries, something goes wrong. Short reads and writes always happen.
struct simulated_faults {
  unsigned reset = 0;            ///< a receive or send fails with ECONNRESET
  unsigned accept_emfile = 0;    ///< accept fails with EMFILE; the client stays in the backlog
  unsigned accept_aborted = 0;   ///< accept fails with ECONNABORTED; the client is gone
  unsigned connect_refused = 0;  ///< connect fails with ECONNREFUSED
  unsigned interrupted = 100;    ///< EINTR: tried again, and not visible outside
};

/// The same numbers from the same seed on every machine (splitmix64).
class seeded {
 public:
  explicit seeded(std::uint64_t seed) noexcept : state_(seed) {}
  [[nodiscard]] std::uint64_t below(std::uint64_t limit) noexcept { return next() % limit; }
  [[nodiscard]] bool happens(unsigned per_mille) noexcept { return below(1000) < per_mille; }

 private:
  std::uint64_t next() noexcept {
    auto value = (state_ += 0x9e3779b97f4a7c15u);
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
  }
  std::uint64_t state_;
};

class simulated_network {
 public:
  static constexpr int first_number = 1 << 20;

  simulated_network(seeded& chance, simulated_faults faults) noexcept
      : chance_(chance), faults_(faults) {}

  /// Two connected sockets; each holds `capacity` bytes that were sent to it and not yet received.
  [[nodiscard]] std::pair<int, int> make_pair(std::size_t capacity);
  /// Gives a socket an address, which its peer sees. Without one it has that of no host.
  void name(int number, const os::address& called) { at(number).called = called; }
  [[nodiscard]] result<os::address> local_of(int number) const;
  [[nodiscard]] result<os::address> peer_of(int number) const;
  /// With a backlog of 0 it never answers: a connect waits until its deadline.
  [[nodiscard]] int make_listener(std::size_t backlog);
  /// Where `listener` is, for a connect; a unix address that exists nowhere.
  [[nodiscard]] static os::address address_of(int listener);
  /// A socket to connect; connected, each side holds `capacity` bytes.
  [[nodiscard]] int make_socket(std::size_t capacity);
  /// A client in the backlog of `listener`: its number, or -ECONNREFUSED when the backlog is full.
  [[nodiscard]] int connect_to(int listener, std::size_t capacity);

  /// Like io::attempt: whether `wanted.result` is final.
  [[nodiscard]] bool attempt(operation& wanted, buffer_pool& pool, bool& progressed);
  /// Whether an attempt would do anything.
  [[nodiscard]] bool could_go_on(const operation& wanted) const;
  void do_now(operation& wanted, buffer_pool& pool);

 private:
  struct socket {
    std::deque<std::byte> inbox;
    std::deque<int> backlog;
    os::address called;
    std::size_t capacity = 0;
    int peer = -1;
    bool listens = false;
    bool peer_finished = false;
    bool finished = false;
    bool reset = false;
  };

  [[nodiscard]] int free_number() const;
  [[nodiscard]] socket& at(int number);
  [[nodiscard]] const socket* find(int number) const;
  [[nodiscard]] bool is_interrupted() noexcept { return chance_.happens(faults_.interrupted); }
  [[nodiscard]] bool receive(operation& wanted, buffer_pool& pool, socket& from);
  [[nodiscard]] bool accept(operation& wanted, socket& from);
  [[nodiscard]] bool connect(operation& wanted);
  [[nodiscard]] static int listener_named_by(const operation& wanted);
  [[nodiscard]] bool push_out(operation& wanted, socket& from, bool& progressed);
  [[nodiscard]] std::string next_bytes(const operation& wanted, std::size_t most) const;
  static void advance(operation& wanted, std::size_t sent);
  [[nodiscard]] static bool is_sent(const operation& wanted) noexcept;
  void close(int number);

  seeded& chance_;
  simulated_faults faults_;
  std::map<int, socket> sockets_;
};

}  // namespace samjoko::io
