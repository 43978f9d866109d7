#pragma once
// Charter: a bounded queue between tasks of one loop. A sender waits while it is full, a receiver
// while it is empty; close() lets receivers take what is left and then ends them. Other threads
// must not use it.

#include <cerrno>
#include <deque>
#include <samjoko/base/result.hpp>
#include <samjoko/task/suspended.hpp>
#include <samjoko/task/task.hpp>
#include <vector>

namespace samjoko {

template <class T>
class channel {
 public:
  explicit channel(std::size_t capacity) : capacity_(capacity) {
    SAMJOKO_CHECK(capacity > 0, "a channel holds at least one item");
  }
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;
  ~channel() {
    SAMJOKO_CHECK(senders_.empty() && receivers_.empty(),
                  "a channel was destroyed while tasks wait in it");
  }

  /// Waits for room. EPIPE when closed, ECANCELED when cancelled; the item is lost then.
  task<result<void>> send(T item) {
    while (!closed_ && items_.size() >= capacity_) {
      const bool woken = co_await wait_in(senders_);
      if (!woken) {
        wake_one(senders_);  // the room that woke this sender, if it did, is for the next one
        co_return failure(ECANCELED, "channel send");
      }
    }
    if (closed_) co_return failure(EPIPE, "channel send");
    items_.push_back(std::move(item));
    wake_one(receivers_);
    co_return result<void>{};
  }

  /// Waits for an item. condition::end_of_stream when closed and empty; ECANCELED when cancelled.
  task<result<T>> receive() {
    while (items_.empty()) {
      if (closed_) co_return failure(condition::end_of_stream, "channel receive");
      const bool woken = co_await wait_in(receivers_);
      if (!woken) {
        wake_one(receivers_);  // the item that woke this receiver, if it did, is for the next one
        co_return failure(ECANCELED, "channel receive");
      }
    }
    T item = std::move(items_.front());
    items_.pop_front();
    wake_one(senders_);
    co_return item;
  }

  void close() noexcept {
    closed_ = true;
    while (!senders_.empty()) wake_one(senders_);
    while (!receivers_.empty()) wake_one(receivers_);
  }

 private:
  struct place;
  using line = std::vector<place*>;

  struct place : suspended {
    place(channel& of, line& at) noexcept : owner(&of), in(&at) {
      what = in == &of.senders_ ? "room in a channel" : "an item of a channel";
      could_go_on = [](const waiting& self) {
        const auto& waits = static_cast<const place&>(static_cast<const suspended&>(self));
        const auto& channel_of = *waits.owner;
        if (channel_of.closed_) return true;
        return waits.in == &channel_of.senders_ ? channel_of.items_.size() < channel_of.capacity_
                                                : !channel_of.items_.empty();
      };
      on_cancel = [](suspended& self) noexcept {
        auto& leaving = static_cast<place&>(self);
        std::erase(*leaving.in, &leaving);
      };
    }
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) {
      if (!suspend(waiter)) return false;
      in->push_back(this);
      return true;
    }
    [[nodiscard]] bool await_resume() const { return outcome(); }
    channel* owner;
    line* in;
  };

  place wait_in(line& at) noexcept { return place(*this, at); }
  void wake_one(line& at) noexcept {
    if (at.empty()) return;
    auto* first = at.front();
    at.erase(at.begin());
    first->make_ready();
  }

  std::size_t capacity_;
  std::deque<T> items_;
  line senders_;
  line receivers_;
  bool closed_ = false;
};

}  // namespace samjoko
