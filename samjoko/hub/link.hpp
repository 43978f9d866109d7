#pragma once
// Charter: a client's line to the hub, for handlers in every model: publish, subscribe, be known by
// a name, hear who comes and goes.
//
// What is promised. A subscriber that keeps up gets each message exactly once, and those of one
// publisher in the order in which they were published. One that does not is bounded: publishers
// wait for it at most limits::publisher_wait, then it misses messages and is told how many, where
// they are missing (`lost`), and at last it is dropped (`dropped`). When the hub dies, names and
// subscriptions are renewed by themselves as soon as there is another one, and each link is told
// that messages may be missing (`interrupted`); what was asked and not answered before is to be
// asked again. Nothing is stored: who subscribes later does not get what was published before.
//
// A link belongs to one client and to the thread that has it; it is one socket. It is used by one
// task at a time, but that one may wait in next() while another publishes. Kept in the state of a
// turn handler, it goes with its client and ends its rests: a turn begins at a message as it does
// at a byte, so a turn takes what is there (take()) and looks whether bytes came
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
  bool presence = false;    ///< also joined and left, of those who have a name
  bool named_only = false;  ///< refused while this link has no name
};
struct publish_options {
  bool not_to_me = false;     ///< this link gets no copy
  bool members_only = false;  ///< refused unless this link is subscribed
  bool named_only = false;    ///< refused while this link has no name
};

class link final : public companion {
 public:
  link() noexcept = default;
  link(const link&) = delete;
  link& operator=(const link&) = delete;
  ~link();

  /// First of all. ENOTCONN when the program has no hub (service::uses_hub). While a hub is being
  /// started again it succeeds all the same.
  [[nodiscard]] result<void> open(connection& client);
  [[nodiscard]] bool is_open() const noexcept { return opened_; }

  // Each of these is done when the kernel has it; what the hub answers is an event, in order.
  // Errors: condition::too_long (a text or a message beyond what any hub takes), EPIPE (dropped),
  // EAGAIN (no hub for the moment), ECANCELED, ETIMEDOUT.

  /// One link of a space (rendezvous.hpp) has a name. Answer: named, or refused. Empty: gives it
  /// up.
  [[nodiscard]] task<result<void>> claim(std::string_view name);
  /// Answer: subscribed, or refused.
  [[nodiscard]] task<result<void>> subscribe(std::string_view topic,
                                             subscribe_options how = subscribe_options());
  /// No answer, unless it is refused.
  [[nodiscard]] task<result<void>> unsubscribe(std::string_view topic);
  [[nodiscard]] task<result<void>> publish(std::string_view topic, std::string_view body,
                                           publish_options how = publish_options());
  /// To whoever has the name. No answer, unless it is refused.
  [[nodiscard]] task<result<void>> tell(std::string_view name, std::string_view body,
                                        publish_options how = publish_options());
  /// Answer: members, in one event or several.
  [[nodiscard]] task<result<void>> ask_members(std::string_view topic);

  /// What has come, without waiting.
  [[nodiscard]] std::optional<event> take();
  /// The next event. EPIPE behind `dropped`; ECANCELED.
  [[nodiscard]] task<result<event>> next();
  /// For a plain handler: until more bytes of the client are unread, or take() has something. The
  /// error of a failed read.
  [[nodiscard]] task<result<void>> wait_beside(connection& client);
  /// The same for a handler that owes nobody an answer: a graceful stop ends it too, with
  /// condition::stopping, unless bytes or news have reached our kernel before.
  [[nodiscard]] task<result<void>> wait_beside_or_stop(connection& client);

  // For whoever runs the client.
  [[nodiscard]] bool has_news() const noexcept override;
  [[nodiscard]] bool take_progress() noexcept override;
  void wait_for_news(io::operation& wait) noexcept override;
  [[nodiscard]] int watched_descriptor() const noexcept override;
  void move_to(connection* next) noexcept override;

 private:
  struct kept {
    std::string topic;
    std::uint8_t flags;
    unsigned unanswered = 1;  ///< a refusal is not the last word while another answer is to come
  };

  [[nodiscard]] task<result<void>> say(frame what);
  [[nodiscard]] task<> until_news(connection* until_stop = nullptr);
  [[nodiscard]] task<result<void>> wait_for_both(connection& client, connection* until_stop);
  [[nodiscard]] result<void> stop_beside(connection& client);
  [[nodiscard]] bool news_reached_us();
  [[nodiscard]] bool receive();
  [[nodiscard]] std::optional<event> take_frame();
  void note(const event& heard);
  /// `anew`: at once, if need be, for something that is to be said.
  [[nodiscard]] bool is_connected(bool anew);
  void connect();
  [[nodiscard]] bool renew();
  void enter(std::string& first);
  void lose_hub() noexcept;
  void forget(io::operation_kind how) noexcept;
  [[nodiscard]] bytes untaken() const noexcept { return unread_.view().subspan(taken_); }

  connection* client_ = nullptr;
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
