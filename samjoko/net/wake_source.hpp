#pragma once
// Charter: what an idle client waits for besides its own bytes, such as a subscription. A client
// without one pays a pointer. It lives in the client's state, is used by the thread that has the
// client, and goes with the client when another thread gets it.

#include <samjoko/io/loop.hpp>

namespace samjoko {

class connection;

class wake_source {
 public:
  /// News has come already: the client is not idle before the handler has looked at it.
  [[nodiscard]] virtual bool has_news() const noexcept = 0;
  /// Whether anything was taken since the last call: a turn that took nothing waits for more.
  [[nodiscard]] virtual bool take_progress() noexcept = 0;
  /// Makes `wait` an operation that ends when there may be news: readable(), or a sleep.
  virtual void wait_for_news(io::operation& wait) noexcept = 0;
  /// Readable when there is news, to be watched while no thread has the client. -1: the client
  /// cannot be given away now.
  [[nodiscard]] virtual int watched_descriptor() const noexcept = 0;
  /// From now on the wake source belongs to this loop; null: to none.
  virtual void move_to(io::loop* next) noexcept = 0;
  /// A turn of the client begins on this connection; null: the turn is over.
  virtual void attach_to(connection* serving) noexcept = 0;

  /// Belongs to the session while the client is idle: the wait for news.
  struct idle_wait : io::operation {
    void* owner = nullptr;
    bool waits_too = false;   ///< the client's own wait is under way
    bool waits_here = false;  ///< this one is
    bool has_come = false;    ///< it ended with news
  };
  idle_wait news;

 protected:
  wake_source() noexcept = default;
  ~wake_source() = default;
};

}  // namespace samjoko
