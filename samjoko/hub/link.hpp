#pragma once
// Charter: a client's line to the hub, for handlers in every model: publish, subscribe, claim a
// name, hear which links come and go.
//
// What is promised. A subscriber that keeps up gets each message exactly once, and those of one
// publisher in the order in which they were published. For a subscriber that does not keep up,
// publishers wait at most limits::publisher_wait. Then it misses messages and is told how many,
// where they are missing (`lost`), and at last it is dropped (`dropped`). When the hub dies, each
// link renews its name and subscriptions by itself as soon as there is another hub, and is told
// that messages may be missing (`interrupted`). What was asked and not answered before has to be
// asked again. Nothing is stored: a later subscriber does not get what was published before.
//
// A link belongs to one client and to the thread that has the client; it is one socket. One task at
// a time uses it, but that task may wait in next() while another publishes. Kept in the state of a
// turn handler, it is destroyed with its client and ends its idle waits: a turn begins at a
// message as it does at a byte, so a turn takes what is there (take()) and looks whether bytes came
// (client.unread()).

#include <cstdint>
#include <optional>
#include <samjoko/hub/event.hpp>
#include <samjoko/net/connection.hpp>
#include <samjoko/task/task.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::hub {

struct subscribe_options {
  bool presence = false;    ///< also joined and left, of links that have a name
  bool named_only = false;  ///< refused while this link has no name
};
struct publish_options {
  bool not_to_me = false;     ///< this link gets no copy
  bool members_only = false;  ///< refused unless this link is subscribed
  bool named_only = false;    ///< refused while this link has no name
};

class link final : public wake_source {
 public:
  link() noexcept = default;
  link(const link&) = delete;
  link& operator=(const link&) = delete;
  ~link();

  /// Call this first. ENOTCONN when the program has no hub (service::uses_hub). While a hub is
  /// being started again it succeeds all the same.
  [[nodiscard]] result<void> open(connection& client);
  [[nodiscard]] bool is_open() const noexcept { return opened_; }

  // Each of these returns when the kernel has the bytes. The hub's answer is an event, in order.
  // Errors: condition::too_long (a text or a message beyond what any hub takes), EPIPE (dropped),
  // EAGAIN (no hub for the moment), ECANCELED, ETIMEDOUT.

  /// Claims the name for this link; only one link of a space (hub_address.hpp) can have it. Answer:
  /// named, or refused. Empty: gives the name up.
  [[nodiscard]] task<result<void>> claim(std::string_view name);
  /// Answer: subscribed, or refused.
  [[nodiscard]] task<result<void>> subscribe(std::string_view topic,
                                             subscribe_options how = subscribe_options());
  /// No answer, unless it is refused.
  [[nodiscard]] task<result<void>> unsubscribe(std::string_view topic);
  [[nodiscard]] task<result<void>> publish(std::string_view topic, std::string_view body,
                                           publish_options how = publish_options());
  /// Sends to the link that has the name. No answer, unless it is refused.
  [[nodiscard]] task<result<void>> tell(std::string_view name, std::string_view body,
                                        publish_options how = publish_options());
  /// Answer: members, in one event or several.
  [[nodiscard]] task<result<void>> ask_members(std::string_view topic);

  /// The next event that has come, without waiting.
  [[nodiscard]] std::optional<event> take();
  /// The next event. EPIPE behind `dropped`; ECANCELED.
  [[nodiscard]] task<result<event>> next();
  /// For a plain handler: waits until more bytes of the client are unread, or take() has something.
  /// Returns the error of a failed read.
  [[nodiscard]] task<result<void>> wait_beside(connection& client);
  /// The same for a handler that owes no answer. A graceful stop ends it too, with
  /// condition::stopping, unless bytes or news have reached our kernel before.
  [[nodiscard]] task<result<void>> wait_beside_or_stop(connection& client);

  // Called by the session that runs the client.
  [[nodiscard]] bool has_news() const noexcept override;
  [[nodiscard]] bool take_progress() noexcept override;
  void wait_for_news(io::operation& wait) noexcept override;
  [[nodiscard]] int watched_descriptor() const noexcept override;
  void move_to(io::loop* next) noexcept override;
  void attach_to(connection* serving) noexcept override;

 private:
  struct kept {
    std::string topic;
    std::uint8_t flags;
    unsigned unanswered = 1;  ///< a refusal is not final while another answer is to come
  };

  [[nodiscard]] task<result<void>> say(frame what);
  [[nodiscard]] task<> until_news(connection* until_stop = nullptr);
  [[nodiscard]] task<result<void>> wait_for_both(connection& client, connection* until_stop);
  [[nodiscard]] result<void> stop_beside(connection& client);
  [[nodiscard]] bool news_reached_us();
  [[nodiscard]] bool receive();
  [[nodiscard]] std::optional<event> take_frame();
  void note(const event& heard);
  /// `anew`: connects at once, if need be, because something is to be sent.
  [[nodiscard]] bool is_connected(bool anew);
  void connect();
  [[nodiscard]] bool renew();
  void enter(std::string& first);
  void lose_hub() noexcept;
  void forget(io::operation_kind how) noexcept;
  [[nodiscard]] bytes untaken() const noexcept { return unread_.view().subspan(taken_); }

  io::loop* loop_ = nullptr;
  connection* client_ = nullptr;  ///< during a turn
  int socket_ = -1;
  bool opened_ = false;
  bool was_interrupted_ = false;
  bool was_dropped_ = false;
  bool progressed_ = false;
  bool sends_ = false;    ///< a task waits in say()
  bool listens_ = false;  ///< a task waits for news
  bool entered_ = false;  ///< this socket's hub knows the space
  bool is_lost_ = false;  ///< the socket is of no use, but another task waits in it
  lease unread_;
  std::size_t taken_ = 0;                          ///< of unread_, by the last event
  deadline try_again_{steady::time_point::min()};  ///< not before, to listen
  std::string name_;
  std::vector<kept> topics_;
  std::string outbox_;
};

}  // namespace samjoko::hub
