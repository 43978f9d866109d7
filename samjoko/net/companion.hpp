#pragma once
// Charter: what a client at rest listens to besides its own bytes, such as a subscription. Whoever
// has none pays a pointer for it. It lives in the client's state, is used by the thread that has
// the client, and goes with the client when that one is given to another thread.

#include <samjoko/io/operation.hpp>

namespace samjoko {

class connection;

class companion {
 public:
  /// News are here already: no rest begins before somebody has looked at them.
  [[nodiscard]] virtual bool has_news() const noexcept = 0;
  /// Whether anything was taken since the last call: a turn that took nothing waits for more.
  [[nodiscard]] virtual bool take_progress() noexcept = 0;
  /// Makes `wait` one that ends when there may be news: readable(), or a sleep.
  virtual void wait_for_news(io::operation& wait) noexcept = 0;
  /// Readable when there are news, to be watched while no thread has the client. -1: it cannot be
  /// given away now.
  [[nodiscard]] virtual int watched_descriptor() const noexcept = 0;
  /// From now on it belongs to this connection and its loop; null: to none.
  virtual void move_to(connection* next) noexcept = 0;

  /// The session's own, while the client rests: the wait for news.
  struct rest_wait : io::operation {
    void* owner = nullptr;
    bool waits_too = false;   ///< the client's own wait is under way
    bool waits_here = false;  ///< this one is
    bool has_come = false;    ///< it ended with news
  };
  rest_wait news;

 protected:
  companion() noexcept = default;
  ~companion() = default;
};

}  // namespace samjoko
