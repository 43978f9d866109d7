#pragma once
// Charter: one client from accept to close, on one loop. A session starts the handler or its turns,
// rests between turns without frame or buffer, and closes so that nothing the client may still read
// is reset. It knows no model; it tells its owner when it ends.

#include <samjoko/net/connection.hpp>
#include <samjoko/serve/handler.hpp>
#include <samjoko/serve/slow_reader.hpp>

namespace samjoko::serve {

class session;

/// How long a half-closed client is read to its end; the second, while others wait for its place.
inline constexpr milliseconds usual_linger_time{1000};
inline constexpr milliseconds hurried_linger_time{100};
/// How long a client that has not spoken yet may still begin at a graceful stop: a client that has
/// just been accepted has its first bytes under way.
inline constexpr milliseconds first_bytes_time{250};

/// A client at rest, between loops: nothing unread, no frame, no buffer.
struct resting_client {
  explicit resting_client(os::descriptor the_socket, client_state the_state = {},
                          bool had_a_turn = false, wake_source* is_beside = nullptr) noexcept
      : socket(std::move(the_socket)),
        state(std::move(the_state)),
        beside(is_beside),
        had_turn(had_a_turn) {}
  os::descriptor socket;
  client_state state;
  wake_source* beside;  ///< lives in the state
  bool had_turn;
};

/// A client that has been half-closed, between loops.
struct half_closed_client {
  os::descriptor socket;
  deadline until;       ///< when its time is over
  bool gets_more_time;  ///< while it takes what is under way to it: see slow_reader
};

/// The part of a model that runs sessions. Called on the session's thread.
class session_owner {
 public:
  /// The session has ended. The owner may destroy it in this call.
  virtual void session_ended(session& ended) noexcept = 0;
  /// `begins`: from now on the session waits only for its client: at rest, or half-closed and read
  /// to its end. Not `begins`: that wait is over.
  virtual void session_rests(session&, bool /*begins*/) noexcept {}
  /// The session was asked to detach, or `keeps_resting` refused its rest. The owner may destroy
  /// it.
  virtual void session_detached(session&, resting_client) noexcept {}
  /// As session_detached(), for a half-closed client that is still to be read to its end.
  virtual void session_lingers(session&, half_closed_client) noexcept {}
  /// Asked before each rest, and before a half-closed client is read to its end: whether the client
  /// may wait here. If not, it is detached.
  virtual bool keeps_resting(session&) noexcept { return true; }
  /// How long a half-closed client is read to its end.
  virtual milliseconds linger_time() noexcept { return usual_linger_time; }

 protected:
  ~session_owner() = default;
};

class session : private runnable {
 public:
  /// `offered`, `limits` and `stop` must outlive the session.
  session(io::loop& on, resting_client client, const service& offered,
          const connection_limits& limits, const stop_flag& stop, session_owner& owner);
  ~session();
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  /// Runs the client as far as it goes without waiting. May end, and so destroy, the session.
  void start() noexcept;

  /// Call it on the session's own thread, after the stop flag was raised: graceful ends a rest, or
  /// a read that may be ended; immediate ends every wait.
  void look_at_stop() noexcept;

  [[nodiscard]] bool rests() const noexcept { return phase_ == phase::resting; }
  [[nodiscard]] bool had_turn() const noexcept { return had_turn_; }
  /// Ends the rest. Bytes that have reached our kernel are still answered; then the client is
  /// half-closed and read to its end for a moment. A client that is already being read to its end
  /// gets as long as the owner's linger_time() now says.
  void end_rest() noexcept;
  /// Ends the rest. Unless the client has just spoken, gives it away: session_detached(), or
  /// session_lingers() when it is half-closed.
  void detach() noexcept;

  // Links for lists of sessions.
  session* previous = nullptr;
  session* following = nullptr;

 private:
  enum class phase : std::uint8_t { starting, serving, resting, lingering, parting };
  struct wait : io::operation {
    session* owner = nullptr;
  };
  struct alarm : io::operation {
    session* owner = nullptr;
    void (session::*rings)() noexcept = nullptr;
    bool waits = false;
  };
  /// Ends a turn that takes too long, or a read that a stop found without a first byte.
  struct alarms {
    alarm turn;
    alarm first_bytes;
    bool are_over = false;  ///< no wake-up comes any more: the next step waits until they end
  };

  /// Each step goes as far as it can; true: there is another step to do at once.
  using step = bool (session::*)() noexcept;
  void go(bool more) noexcept;
  [[nodiscard]] bool begins_in_a_stop() const noexcept;
  bool serve_whole() noexcept;
  bool begin_turn() noexcept;
  bool work_over() noexcept;
  [[nodiscard]] task<next> make_turn() noexcept;
  template <class Outcome>
  next outcome_of(task<Outcome>& ended) noexcept;
  bool go_on(next wanted) noexcept;
  [[nodiscard]] bool begin_limit() noexcept;
  bool end_limit(step then) noexcept;
  [[nodiscard]] bool set(alarm alarms::* which, milliseconds time,
                         void (session::*rings)() noexcept) noexcept;
  void alarm_ended(alarm& ended) noexcept;
  void turn_takes_too_long() noexcept;
  void no_first_bytes() noexcept;
  void end_wait_for_request() noexcept;
  bool begin_rest() noexcept;
  bool rest_beside(wake_source& other) noexcept;
  bool bytes_came() noexcept;
  void news_came() noexcept;
  [[nodiscard]] bool can_be_given_away() const noexcept;
  bool rest_over() noexcept;
  bool take_last_bytes() noexcept;
  [[nodiscard]] bool is_owed_a_last_turn() noexcept;
  /// The next step, without a wait before it.
  bool go_to(step next) noexcept {
    then_ = next;
    return true;
  }
  bool wait_for_first_bytes() noexcept;
  bool give_away() noexcept;
  bool begin_parting() noexcept;
  bool begin_linger() noexcept;
  bool linger_over() noexcept;
  bool linger_longer() noexcept;
  [[nodiscard]] bool gets_more_time() const noexcept;
  bool linger_away() noexcept;
  bool wait_for_bytes(step then) noexcept;
  bool end() noexcept;

  const service& service_;
  session_owner& owner_;
  connection connection_;
  client_state state_;
  task<> whole_;
  task<next> turn_;
  wait wait_;
  std::unique_ptr<alarms> alarms_;     ///< only when set: idle clients cost bytes
  std::unique_ptr<slow_reader> slow_;  ///< of a client that has not taken all in time
  step then_ = nullptr;
  phase phase_ = phase::starting;
  bool had_turn_ = false;
  bool detach_wanted_ = false;
  bool said_goodbye_ = false;
  bool may_still_begin_ = true;  ///< while it has said nothing: see first_bytes_time
};

}  // namespace samjoko::serve
