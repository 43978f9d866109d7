#pragma once
// Charter: one client on one loop, from accept to close. While the client is idle, and while it is
// read to its end, a session is all there is of it: this record with its one operation. While the
// client is served, a coroutine is its life (serving.hpp). A session knows no model; it tells its
// owner when it ends.

#include <samjoko/io/loop.hpp>
#include <samjoko/net/limits.hpp>
#include <samjoko/serve/client.hpp>
#include <samjoko/serve/session_host.hpp>
#include <samjoko/serve/slow_reader.hpp>

namespace samjoko::serve {

/// How long a half-closed client is read to its end; the second, while others wait for its place.
inline constexpr milliseconds usual_linger_time{1000};
inline constexpr milliseconds hurried_linger_time{100};
/// How long a client that has not spoken yet may still begin at a graceful stop: a client that has
/// just been accepted has its first bytes under way.
inline constexpr milliseconds first_bytes_time{250};

/// The part of a model that runs sessions. Called on the session's thread.
class session_owner {
 public:
  /// The session has ended. The owner may destroy it in this call.
  virtual void session_ended(session& ended) noexcept = 0;
  /// `begins`: from now on the session waits only for its client: idle, or half-closed and read to
  /// its end. Not `begins`: that wait is over.
  virtual void session_idle(session&, bool /*begins*/) noexcept {}
  /// The session was asked to detach, or `keeps_idle` refused. The owner may destroy it.
  virtual void session_detached(session&, client) noexcept {}
  /// As session_detached(), for a half-closed client that is still to be read to its end.
  virtual void session_lingers(session&, half_closed_client) noexcept {}
  /// Asked before each wait for a client that is idle, or half-closed: whether the client may wait
  /// here. If not, it is detached.
  virtual bool keeps_idle(session&) noexcept { return true; }
  /// How long a half-closed client is read to its end.
  virtual milliseconds linger_time() noexcept { return usual_linger_time; }

 protected:
  ~session_owner() = default;
};

class session : private io::operation {
 public:
  /// `host` must outlive it.
  session(session_host& host, client from) noexcept;
  ~session();
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  /// Runs the client as far as it goes without waiting. May end, and so destroy, the session.
  void start() noexcept;

  /// Call it on the session's own thread, after the stop flag was raised: graceful ends an idle
  /// wait, or a read that may be ended; immediate ends every wait.
  void look_at_stop() noexcept;

  [[nodiscard]] bool is_idle() const noexcept { return phase_ == phase::idle; }
  [[nodiscard]] bool had_turn() const noexcept { return had_turn_; }
  /// Ends the idle wait. Bytes that have reached our kernel are still answered; then the client is
  /// half-closed and read to its end for a moment. A client that is already being read to its end
  /// gets as long as the owner's linger_time() now says.
  void end_idle() noexcept;
  /// Ends the idle wait. Unless the client has just spoken, gives it away: session_detached(), or
  /// session_lingers() when it is half-closed.
  void detach() noexcept;

  // Links for lists of sessions.
  session* previous_session = nullptr;
  session* following_session = nullptr;

 private:
  friend class serving;

  enum class phase : std::uint8_t { idle, serving, lingering, parting };
  /// What comes next; nothing: the session waits, or is gone. Steps call each other only through
  /// go(), so that a chain of them does not grow the stack.
  struct step {
    step (session::*run)() noexcept = nullptr;
  };
  void go(step first) noexcept;

  [[nodiscard]] bool begins_in_a_stop() const noexcept;
  step serve() noexcept;
  step served() noexcept;
  step begin_idle() noexcept;
  step idle_beside(wake_source& other) noexcept;
  step bytes_came() noexcept;
  step news_came() noexcept;
  step idle_over() noexcept;
  step take_last_bytes() noexcept;
  step wait_for_first_bytes() noexcept;
  step give_away() noexcept;
  step begin_parting() noexcept;
  step begin_linger() noexcept;
  step linger_over() noexcept;
  step linger_longer() noexcept;
  step linger_away() noexcept;
  step end() noexcept;

  [[nodiscard]] step waited() noexcept;
  step wait_for_bytes() noexcept;
  void receive_behind_unread() noexcept;
  void take_received() noexcept;
  std::int64_t do_now(io::operation_kind what) noexcept;
  [[nodiscard]] bool can_be_given_away() const noexcept;
  [[nodiscard]] bool is_owed_a_last_turn() noexcept;
  [[nodiscard]] bool gets_more_time() const noexcept;
  [[nodiscard]] bool stops() const noexcept { return host_.stop.requested(); }
  [[nodiscard]] bool stops_at_once() const noexcept {
    return host_.stop.level() == stop_level::immediate;
  }
  [[nodiscard]] bool has_turns() const noexcept { return host_.offered.handler.has_turns(); }

  // Many idle clients are many of these: each byte is a matter of megabytes. The socket is the
  // operation's own descriptor.
  session_host& host_;
  permit held_;
  client_state state_;
  lease unread_;
  union {
    wake_source* beside_ = nullptr;  ///< idle; lives in the state
    serving* now_;                   ///< while it is served
    slow_reader* slow_;              ///< lingering: a client that has not taken all in time; owned
  };
  std::uint32_t idle_limit_ms_;
  phase phase_ = phase::idle;
  connection::last_turn last_turn_ = connection::last_turn::no;
  bool had_turn_ : 1;
  bool detach_wanted_ : 1 = false;
  bool said_goodbye_ : 1 = false;
  bool may_still_begin_ : 1 = true;  ///< while it has said nothing: see first_bytes_time
  bool failed_to_write_ : 1 = false;
};

}  // namespace samjoko::serve
