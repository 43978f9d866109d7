#pragma once
// Charter: one client from accept to close, on one loop: starts the handler or its turns, rests
// between them without frame or buffer, and closes so that nothing the client may still read is
// reset. It knows no model: whoever owns it learns of its end.

#include <samjoko/net/connection.hpp>
#include <samjoko/serve/handler.hpp>

namespace samjoko::serve {

class session;

/// How long a half-closed client is read to its end; the second, while others wait for its place.
inline constexpr milliseconds usual_linger_time{1000};
inline constexpr milliseconds hurried_linger_time{100};
/// One whose kernel has not taken all of the answer by then is read to his end for longer, as long
/// as it takes some of it within so many of these times.
inline constexpr int linger_times_without_progress = 5;
/// How long one who has not spoken yet may still begin at a graceful stop: whoever has just been
/// accepted has his first bytes under way.
inline constexpr milliseconds first_bytes_time{250};

/// A client at rest, between loops: nothing unread, no frame, no buffer.
struct resting_client {
  explicit resting_client(os::descriptor the_socket, client_state the_state = {},
                          bool had_a_turn = false, companion* is_beside = nullptr) noexcept
      : socket(std::move(the_socket)),
        state(std::move(the_state)),
        beside(is_beside),
        had_turn(had_a_turn) {}
  os::descriptor socket;
  client_state state;
  companion* beside;  ///< lives in the state
  bool had_turn;
};

/// Whoever runs sessions. Called on the session's thread.
class session_owner {
 public:
  /// The session may be destroyed by this.
  virtual void session_ended(session& ended) noexcept = 0;
  /// From now on it waits only for what its client does: a rest, or a half-closed one is read to
  /// its end. Or that is over.
  virtual void session_rests(session&, bool /*begins*/) noexcept {}
  /// The session was asked to detach, or `keeps_resting` refused it its rest; it may be destroyed.
  virtual void session_detached(session&, resting_client) noexcept {}
  /// The same for a half-closed client, who is still to be read to his end, until then at most.
  virtual void session_lingers(session&, os::descriptor, deadline) noexcept {}
  /// Asked before each rest, and before a half-closed client is read to his end: whether he may
  /// wait here; if not he is detached.
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

  /// On the session's own thread, after the stop flag was raised: graceful ends a rest, or a read
  /// that may be ended; immediate ends every wait.
  void look_at_stop() noexcept;

  [[nodiscard]] bool rests() const noexcept { return phase_ == phase::resting; }
  [[nodiscard]] bool had_turn() const noexcept { return had_turn_; }
  /// Ends the rest. What reached our kernel is still answered; then the client is half-closed and
  /// read to its end for a moment. One who is read to his end already gets as long as the owner's
  /// linger_time() now says.
  void end_rest() noexcept;
  /// Ends the rest, and unless the client has just spoken, gives it away: session_detached(), or
  /// session_lingers() when it is half-closed.
  void detach() noexcept;

  // For lists of sessions.
  session* previous = nullptr;
  session* following = nullptr;

 private:
  enum class phase : std::uint8_t { starting, serving, resting, lingering, parting };
  struct wait : io::operation {
    session* owner = nullptr;
  };
  struct turn_limit : io::operation {
    session* owner = nullptr;
    bool waits = false;
    bool turn_is_over = false;
  };
  struct slow_reader {
    std::size_t under_way;
    deadline give_up;
    deadline end;
  };

  /// Each step goes as far as it can; true: there is another one to do at once.
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
  void limit_ended() noexcept;
  bool begin_rest() noexcept;
  bool rest_beside(companion& other) noexcept;
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
  std::unique_ptr<turn_limit> limit_;  ///< only where there is one: idle clients cost bytes
  std::unique_ptr<slow_reader> slow_;  ///< of a client that has not taken all in time
  step then_ = nullptr;
  phase phase_ = phase::starting;
  bool had_turn_ = false;
  bool detach_wanted_ = false;
  bool said_goodbye_ = false;
  bool may_still_begin_ = true;  ///< with had_turn_ false: see first_bytes_time
};

}  // namespace samjoko::serve
