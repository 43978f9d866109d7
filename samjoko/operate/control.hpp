#pragma once
// Charter: the master's control socket: a unix socket where programs of the same user (or root)
// send a line and get an answer, after which the connection ends. It never waits, and everything is
// bounded: how many clients are served at once, how long a line is, how long a client may take to
// ask and to receive the answer. So no client can hold up the master or crash it. What a line means
// is not known here.

#include <poll.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <samjoko/base/deadline.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::operate {

struct control_limits {
  /// How many clients are served at once; others wait in the backlog. More than an operator needs,
  /// and few descriptors of a master that has many.
  std::size_t clients = 32;
  std::size_t line = 256;  ///< bytes of a request
  milliseconds to_ask{2'000};
  milliseconds to_listen{10'000};  ///< for the whole answer
  /// How long to pause after an accept that failed for want of descriptors: it would only fail
  /// again.
  milliseconds pause{1'000};
};

class control {
 public:
  /// Makes the answer to a line. The line comes without its end and may hold any other bytes.
  using answerer = std::function<std::string(std::string_view line)>;

  /// A control without a socket: no client can ask.
  control() = default;
  /// `listener` is bound, listening and non-blocking; its file is the caller's to remove.
  control(os::descriptor listener, answerer answer, control_limits limits = {});

  /// Adds what is to be waited for. Nothing may be added to or taken from `polled` in front of it
  /// before take_turn().
  void add_to(std::vector<pollfd>& polled, steady::time_point now);
  /// When take_turn() is due although nothing is ready.
  [[nodiscard]] deadline next_time() const;
  /// Accepts, reads, answers and closes, as `polled` says; never waits.
  void take_turn(std::span<const pollfd> polled, steady::time_point now);
  /// Closes all sockets; also in a child, which must not keep any of them.
  void close();

  [[nodiscard]] std::size_t clients() const noexcept { return clients_.size(); }

 private:
  struct client {
    os::descriptor socket;
    std::string text;  // of the request; then what is left of the answer
    bool answering = false;
    bool over = false;
    deadline until;
  };

  void accept(steady::time_point now);
  void hear(client& who, steady::time_point now);
  void begin_answer(client& who, std::string_view line, steady::time_point now);
  static void go_on_answering(client& who);

  os::descriptor listener_;
  answerer answer_;
  control_limits limits_;
  std::vector<client> clients_;
  deadline accept_again_ = deadline::never();  // while it pauses
  std::size_t first_polled_ = 0;               // the listener's place in the polled list
};

}  // namespace samjoko::operate
