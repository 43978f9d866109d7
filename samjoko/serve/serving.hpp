#pragma once
// Charter: a client while it is served: a coroutine that reads like the life it is. It outlives the
// client and serves another one next, so that a turn costs no frame but the handler's own.

#include <optional>
#include <samjoko/net/connection.hpp>
#include <samjoko/service/handler.hpp>

namespace samjoko::serve {

class session;
class session_host;

class serving : private runnable {
 public:
  explicit serving(session_host& host) noexcept;
  ~serving();
  serving(const serving&) = delete;
  serving& operator=(const serving&) = delete;

  /// How the client is left.
  enum class then : std::uint8_t { keep, linger, close, abort };

  /// Serves `whom` until it is idle or leaves. True: it is over already; else session::served()
  /// runs later, from the loop. `beside`: its wake source, or null.
  [[nodiscard]] bool begin(session& whom, wake_source* beside) noexcept;
  [[nodiscard]] then outcome() const noexcept { return then_; }
  /// Call it when it is over: `unread` gets the bytes that are unread.
  void end(lease& unread) noexcept {
    connection_.end_turn(unread);
    if (connection_.beside() != nullptr) [[unlikely]]
      connection_.beside()->attach_to(nullptr);
  }
  [[nodiscard]] const connection& served_on() const noexcept { return connection_; }
  /// Whether its coroutine could be made.
  [[nodiscard]] bool exists() const noexcept { return life_.exists(); }

  /// Every wait of the handler ends.
  void cancel() noexcept;
  /// A graceful stop, for a plain handler: ends a read that may be ended. A client that was
  /// accepted an instant ago has its first bytes under way: it is waited for first.
  void end_wait_for_request() noexcept;

  // For the host.
  serving* next_free = nullptr;
  bool is_surplus = false;

 private:
  /// Ends a turn that takes too long, or a read that a stop found without a first byte.
  struct alarm : io::operation {
    serving* owner = nullptr;
    void (serving::*rings)() noexcept = nullptr;
    bool waits = false;
  };
  class until_begun;
  class until_quiet;

  task<> live();
  void begin_turn() noexcept;
  [[nodiscard]] bool goes_on(next wanted) noexcept;
  void set(alarm& which, milliseconds time, void (serving::*rings)() noexcept) noexcept;
  void end_limit() noexcept;
  void alarm_ended(alarm& ended) noexcept;
  void turn_takes_too_long() noexcept;
  void no_first_bytes() noexcept;
  [[nodiscard]] bool is_quiet() const noexcept { return !turn_.waits && !first_bytes_.waits; }

  session_host& host_;
  session* whom_ = nullptr;
  connection connection_;
  task<> life_;
  std::coroutine_handle<> waiter_;  ///< the life, while it waits for a client or for its alarms
  alarm turn_;
  alarm first_bytes_;
  then then_ = then::close;
  bool begins_ = false;  ///< begin() is on the stack
  bool is_over_ = true;
  bool turn_is_over_ = false;  ///< its alarms change nothing any more
};

}  // namespace samjoko::serve
