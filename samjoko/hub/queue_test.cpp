#include <samjoko/hub/queue.hpp>

#include <gtest/gtest.h>

#include <array>
#include <samjoko/hub/frame.hpp>

namespace samjoko::hub {
namespace {

using std::chrono::seconds;

shared_frame message(const std::string& body) {
  std::string text;
  append(text, {.kind = frame_kind::message, .topic = "t", .name = "n", .body = body});
  return std::make_shared<const std::string>(text);
}

/// A reader of the queue that takes as much as it is told to.
struct reader {
  explicit reader(queue& from) : queue_(from) {}
  void take(std::size_t most) {
    while (most > 0 && !queue_.empty()) {
      std::array<iovec, 4> parts;
      const auto count = queue_.front(parts);
      std::size_t taken = 0;
      for (std::size_t n = 0; n < count && taken < most; ++n) {
        const auto size = std::min(parts[n].iov_len, most - taken);
        got_.append(static_cast<const char*>(parts[n].iov_base), size);
        taken += size;
      }
      queue_.sent(taken);
      most -= taken;
    }
  }
  /// "1 2 lost:3 dropped"
  std::string seen() {
    take(std::string::npos);
    std::string text;
    for (std::string_view rest = got_; !rest.empty();) {
      const auto cut = first_frame(as_bytes(rest)).value();
      if (!cut) return text + " torn";
      const auto& what = cut->what;
      if (!text.empty()) text += ' ';
      if (what.kind == frame_kind::lost) text += "lost:";
      text += what.kind == frame_kind::dropped ? "dropped" : std::string(what.body);
      rest.remove_prefix(cut->size);
    }
    return text;
  }
  queue& queue_;
  std::string got_;
};

struct hub_queue : ::testing::Test {
  limits bounds{.queue_messages = 4,
                .queue_bytes = 100'000,
                .publisher_wait = milliseconds(1000),
                .slow_for = milliseconds(10'000)};
  steady::time_point now{};
  queue tested{bounds};
  reader read{tested};

  void put(std::initializer_list<const char*> bodies) {
    for (const auto* each : bodies) tested.put(message(each), now);
  }
};

TEST_F(hub_queue, gives_back_what_was_put_in_order_and_in_any_pieces) {
  bounds.queue_messages = 1000;
  std::string expected;
  for (int n = 0; n < 300; ++n) {
    put({std::to_string(n).c_str()});
    expected += (n == 0 ? "" : " ") + std::to_string(n);
    read.take(static_cast<std::size_t>(n % 23));
  }
  EXPECT_EQ(read.seen(), expected);
  EXPECT_EQ(tested.size(), 0U);
}

TEST_F(hub_queue, a_full_one_asks_publishers_to_wait_and_not_longer_than_stated) {
  put({"1", "2", "3"});
  EXPECT_FALSE(tested.asks_to_wait(now));
  put({"4"});
  EXPECT_TRUE(tested.asks_to_wait(now));
  EXPECT_EQ(tested.state(), queue_state::filling);
  now += milliseconds(999);
  EXPECT_TRUE(tested.asks_to_wait(now));
  now += milliseconds(1);
  EXPECT_FALSE(tested.asks_to_wait(now));
}

TEST_F(hub_queue, what_is_left_out_is_counted_where_it_is_missing) {
  put({"1", "2", "3", "4", "5", "6"});
  EXPECT_EQ(tested.messages(), 4U);
  read.take(message("1")->size());
  tested.look_at_state(now);
  put({"7"});
  EXPECT_EQ(tested.state(), queue_state::filling) << "not half empty: one more gap is avoided";
  read.take(message("1")->size());
  tested.look_at_state(now);
  EXPECT_EQ(tested.state(), queue_state::ok);
  put({"8"});
  EXPECT_EQ(read.seen(), "1 2 3 4 lost:3 8");
}

TEST_F(hub_queue, bytes_fill_it_as_well_as_messages) {
  bounds.queue_bytes = 3000;
  const std::string long_body(2000, 'x');
  put({long_body.c_str(), long_body.c_str(), "left out"});
  EXPECT_EQ(tested.messages(), 2U);
  EXPECT_EQ(tested.state(), queue_state::filling);
}

TEST_F(hub_queue, one_that_stays_slow_is_dropped_and_told) {
  put({"1", "2", "3", "4", "5"});
  read.take(3);  // a part of the first
  EXPECT_EQ(tested.due(), deadline(now + seconds(10)));
  now += milliseconds(9999);
  tested.look_at_state(now);
  EXPECT_EQ(tested.state(), queue_state::filling);
  now += milliseconds(1);
  tested.look_at_state(now);
  EXPECT_EQ(tested.state(), queue_state::dropped);
  put({"6"});
  EXPECT_FALSE(tested.asks_to_wait(now)) << "nobody waits for it any more";
  EXPECT_EQ(read.seen(), "1 lost:4 dropped");
}

TEST_F(hub_queue, one_that_catches_up_is_not_dropped_later) {
  put({"1", "2", "3", "4"});
  EXPECT_TRUE(tested.asks_to_wait(now));
  now += seconds(9);
  EXPECT_EQ(read.seen(), "1 2 3 4");
  tested.look_at_state(now);
  now += seconds(9);
  tested.look_at_state(now);
  EXPECT_EQ(tested.state(), queue_state::ok);
  EXPECT_TRUE(tested.due().is_never());
}

TEST_F(hub_queue, answers_are_never_left_out_but_stop_the_asking) {
  put({"1", "2", "3", "4"});
  for (int n = 0; n < 4; ++n) tested.put_answer(message("a"));
  EXPECT_TRUE(tested.is_overfull());
  EXPECT_EQ(read.seen(), "1 2 3 4 a a a a");
  EXPECT_FALSE(tested.is_overfull());
}

// A link that is overfull is not read, nor was its end seen: it stayed for ever.
TEST_F(hub_queue, one_that_does_not_read_its_answers_is_dropped) {
  for (int n = 0; n < 8; ++n) tested.put_answer(message("a"));
  tested.look_at_state(now);
  EXPECT_EQ(tested.state(), queue_state::filling);
  now = tested.due().at();
  tested.look_at_state(now);
  EXPECT_EQ(tested.state(), queue_state::dropped);
  EXPECT_FALSE(tested.is_overfull());
  EXPECT_EQ(read.seen(), "lost:8 dropped");
}

}  // namespace
}  // namespace samjoko::hub
