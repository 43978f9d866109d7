// A thread that waits in accept on a listener that blocks, as the members of a pool do.
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <cerrno>
#include <samjoko/io/blocking_loop.hpp>
#include <samjoko/os/socket.hpp>
#include <thread>

namespace samjoko::io {
namespace {

/// Waits in accept until it is interrupted.
class waiting_member {
 public:
  explicit waiting_member(int listener) : thread_([this, listener] { live(listener); }) {
    loop_.wait(nullptr);
  }
  void thread_interrupt() { loop_.load()->wake(); }
  std::int64_t join() {
    may_end_ = true;
    may_end_.notify_all();
    thread_.join();
    return accept_.result;
  }

 private:
  struct attention : runnable {
    waiting_member* whose = nullptr;
  };

  void live(int listener) {
    blocking_loop mine;
    attention asked;
    asked.whose = this;
    asked.run = [](runnable& self) noexcept {
      auto& member = *static_cast<attention&>(self).whose;
      member.loop_.load()->cancel(member.accept_);
    };
    mine.attention = &asked;
    accept_.kind = operation_kind::accept;
    accept_.fd = listener;
    loop_ = &mine;
    loop_.notify_all();
    EXPECT_EQ(mine.begin(accept_), start::done);
    may_end_.wait(false);  // until then it may be interrupted
  }

  operation accept_;
  std::atomic<loop*> loop_ = nullptr;
  std::atomic<bool> may_end_ = false;
  std::thread thread_;
};

// After an accept that answered EAGAIN (here by a time limit on the listener) the next accept was
// called where no thread interrupt reaches it: a pool of threads never ended.
TEST(blocking_accept, is_left_at_a_kick_though_it_answered_eagain_before) {
  const auto listener = os::listen_on(*os::address::parse("127.0.0.1:0"), {});
  ASSERT_TRUE(listener);
  ASSERT_TRUE(os::set_blocking(listener->get(), true));
  for (int round = 0; round < 3; ++round) {
    os::set_receive_timeout(listener->get(), milliseconds(20));
    waiting_member member(listener->get());
    // The pauses make the bug likely; nothing depends on them.
    ::poll(nullptr, 0, 10);
    os::set_receive_timeout(listener->get(), milliseconds(0));
    ::poll(nullptr, 0, 30);
    member.thread_interrupt();
    EXPECT_EQ(member.join(), -ECANCELED);
  }
}

}  // namespace
}  // namespace samjoko::io
