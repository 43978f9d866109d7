#include <samjoko/hub/broker.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

namespace samjoko::hub {
namespace {

struct someone : broker::member {
  explicit someone(const limits& bounds) : member(bounds) {}

  /// All frames since the last call, in short: "message t crow caw; joined t wren".
  std::string hears() {
    std::array<iovec, 64> parts;
    std::string all;
    while (const auto count = out.front(parts)) {
      std::size_t size = 0;
      for (std::size_t n = 0; n < count; ++n) {
        all.append(static_cast<const char*>(parts[n].iov_base), parts[n].iov_len);
        size += parts[n].iov_len;
      }
      out.sent(size);
    }
    std::string text;
    for (std::string_view rest = all; !rest.empty();) {
      const auto cut = first_frame(as_bytes(rest)).value().value();
      text += (text.empty() ? "" : "; ") + in_short(cut.what);
      rest.remove_prefix(cut.size);
    }
    return text;
  }
  static std::string in_short(const frame& said) {
    const auto with = [&](std::string_view what) {
      std::string body(said.body);
      for (auto& each : body) each = each == '\n' ? ',' : each;
      return fmt::format("{} {}/{}/{}", what, said.topic, said.name, body);
    };
    switch (said.kind) {
      case frame_kind::message: return with("message");
      case frame_kind::joined: return with("joined");
      case frame_kind::left: return with("left");
      case frame_kind::named: return with("named");
      case frame_kind::subscribed: return with("subscribed");
      case frame_kind::members: return with("members");
      case frame_kind::lost: return with("lost");
      case frame_kind::refused: return fmt::format("refused {}", said.flags);
      default: return "?";
    }
  }
};

/// Another space has other names and topics, and ends with its last member.
struct hub_spaces : ::testing::Test {
  limits bounds;
  broker tested{bounds};
  steady::time_point now{};
  someone crow{bounds}, wren{bounds}, owl{bounds};
  broker::verdict say(someone& who, const frame& what) { return tested.take(who, what, now, true); }
};
TEST_F(hub_spaces, have_names_and_topics_of_their_own) {
  EXPECT_EQ(say(crow, {.kind = frame_kind::enter, .name = "a"}), broker::verdict::done);
  EXPECT_EQ(say(owl, {.kind = frame_kind::enter, .name = "a"}), broker::verdict::done);
  for (auto* each : {&crow, &wren}) {
    (void)say(*each, {.kind = frame_kind::claim, .name = "x"});
    (void)say(*each, {.kind = frame_kind::subscribe, .topic = "t"});
    EXPECT_EQ(each->hears(), "named /x/; subscribed t//");
  }
  (void)say(owl, {.kind = frame_kind::claim, .name = "x"});
  (void)say(owl, {.kind = frame_kind::tell, .name = "x", .body = "secret"});
  (void)say(owl, {.kind = frame_kind::publish, .topic = "t", .body = "open"});
  EXPECT_EQ(owl.hears(), "refused 1");
  EXPECT_EQ(crow.hears(), "message //secret; message t//open");
  EXPECT_EQ(wren.hears(), "");
  EXPECT_EQ(tested.spaces(), 2U);
  for (auto* each : {&crow, &owl, &wren}) tested.leave(*each, now);
  EXPECT_EQ(tested.spaces(), 0U);
}
TEST_F(hub_spaces, are_entered_once_and_first) {
  (void)say(crow, {.kind = frame_kind::claim, .name = "x"});
  EXPECT_EQ(say(crow, {.kind = frame_kind::enter, .name = "a"}), broker::verdict::malformed);
  (void)say(wren, {.kind = frame_kind::enter, .name = "a"});
  EXPECT_EQ(say(wren, {.kind = frame_kind::enter, .name = "a"}), broker::verdict::malformed);
}

TEST(hub_name_grace, names_are_for_those_who_had_them) {
  const limits bounds;
  const steady::time_point start{};
  broker tested(bounds, start + bounds.name_grace);
  someone owner(bounds), newcomer(bounds);
  const frame fresh{.kind = frame_kind::claim, .name = "x"};
  EXPECT_EQ(tested.take(newcomer, fresh, start, false), broker::verdict::wait);
  (void)tested.take(owner, {.kind = frame_kind::claim, .flags = flag_again, .name = "x"}, start,
                    true);
  EXPECT_EQ(owner.hears(), "named /x/");
  EXPECT_EQ(tested.take(newcomer, fresh, start + bounds.name_grace, false), broker::verdict::done);
  EXPECT_EQ(newcomer.hears(), "refused 1");
}

struct hub_broker : ::testing::Test {
  limits bounds{.topic_length = 8,
                .name_length = 8,
                .message_size = 16,
                .topics_per_subscriber = 2,
                .queue_messages = 4};
  broker tested{bounds};
  steady::time_point now{};
  someone crow{bounds};
  someone wren{bounds};
  someone owl{bounds};

  broker::verdict say(someone& who, const frame& what, bool may_wait = true) {
    return tested.take(who, what, now, may_wait);
  }
  void name(someone& who, std::string_view text) {
    EXPECT_EQ(say(who, {.kind = frame_kind::claim, .name = text}), broker::verdict::done);
  }
  void subscribe(someone& who, std::string_view topic, std::uint8_t flags = 0) {
    EXPECT_EQ(say(who, {.kind = frame_kind::subscribe, .flags = flags, .topic = topic}),
              broker::verdict::done);
  }
  auto publish(someone& who, std::string_view topic, std::string_view body, std::uint8_t flags = 0,
               bool may_wait = true) {
    return say(who, {.kind = frame_kind::publish, .flags = flags, .topic = topic, .body = body},
               may_wait);
  }
  static std::string refused(refusal why) {
    return fmt::format("refused {}", static_cast<int>(why));
  }
};

TEST_F(hub_broker, a_message_reaches_the_subscribers_of_its_topic_and_nobody_else) {
  subscribe(crow, "tree");
  subscribe(wren, "tree");
  subscribe(owl, "barn");
  publish(crow, "tree", "one");
  publish(owl, "tree", "two");
  EXPECT_EQ(crow.hears(), "subscribed tree//; message tree//one; message tree//two");
  EXPECT_EQ(wren.hears(), "subscribed tree//; message tree//one; message tree//two");
  EXPECT_EQ(owl.hears(), "subscribed barn//");
  EXPECT_EQ(tested.take_touched().size(), 3U);
  EXPECT_TRUE(tested.take_touched().empty());
}

TEST_F(hub_broker, a_publisher_may_be_left_out_and_a_second_subscription_is_the_same_one) {
  subscribe(crow, "tree");
  subscribe(crow, "tree");
  publish(crow, "tree", "kept away", flag_not_to_me);
  publish(crow, "tree", "once");
  EXPECT_EQ(crow.hears(), "subscribed tree//; subscribed tree//; message tree//once");
}

TEST_F(hub_broker, a_name_has_one_bearer_until_it_is_given_up) {
  name(crow, "corvus");
  name(wren, "corvus");
  EXPECT_EQ(wren.hears(), refused(refusal::name_taken));
  name(crow, "corvus");
  name(crow, "rook");
  name(wren, "corvus");
  EXPECT_EQ(crow.hears(), "named /corvus/; named /corvus/; named /rook/");
  EXPECT_EQ(wren.hears(), "named /corvus/");
  tested.leave(wren, now);
  name(owl, "corvus");
  EXPECT_EQ(owl.hears(), "named /corvus/");
}

TEST_F(hub_broker, who_comes_and_goes_is_told_to_those_who_asked) {
  name(crow, "crow");
  name(wren, "wren");
  subscribe(crow, "tree", flag_presence);
  subscribe(owl, "tree");
  subscribe(wren, "tree");
  EXPECT_EQ(crow.hears(), "named /crow/; subscribed tree//; joined tree/wren/");
  name(wren, "jenny");
  static_cast<void>(say(wren, {.kind = frame_kind::unsubscribe, .topic = "tree"}));
  subscribe(wren, "tree", flag_again);
  tested.leave(wren, now);
  EXPECT_EQ(crow.hears(),
            "left tree/wren/; joined tree/jenny/; left tree/jenny/; left tree/jenny/");
  EXPECT_EQ(owl.hears(), "subscribed tree//");
}

TEST_F(hub_broker, members_are_listed_in_as_many_frames_as_it_takes) {
  name(crow, "crow");
  name(wren, "wren");
  subscribe(crow, "tree");
  subscribe(wren, "tree");
  subscribe(owl, "tree");
  static_cast<void>(say(owl, {.kind = frame_kind::ask_members, .topic = "tree"}));
  static_cast<void>(say(owl, {.kind = frame_kind::ask_members, .topic = "barn"}));
  EXPECT_EQ(owl.hears(), "subscribed tree//; members tree//crow,wren,; members barn//");
}

TEST_F(hub_broker, a_word_to_one_alone) {
  name(crow, "crow");
  name(wren, "wren");
  const auto tell = [&](someone& who, std::string_view to, std::uint8_t flags = 0) {
    static_cast<void>(
        say(who, {.kind = frame_kind::tell, .flags = flags, .name = to, .body = "psst"}));
  };
  tell(crow, "wren");
  tell(crow, "gone");
  tell(owl, "wren", flag_named_only);
  EXPECT_EQ(wren.hears(), "named /wren/; message /crow/psst");
  EXPECT_EQ(crow.hears(), "named /crow/; " + refused(refusal::nobody));
  EXPECT_EQ(owl.hears(), refused(refusal::no_name));
}

TEST_F(hub_broker, every_limit_is_kept) {
  subscribe(crow, "");
  subscribe(crow, "too_long_");
  subscribe(crow, "a");
  subscribe(crow, "b");
  subscribe(crow, "c");
  subscribe(crow, "a");
  EXPECT_EQ(crow.hears(), refused(refusal::bad_topic) + "; " + refused(refusal::bad_topic) +
                              "; subscribed a//; subscribed b//; " +
                              refused(refusal::too_many_topics) + "; subscribed a//");
  name(wren, "too_long_");
  publish(wren, "a", "0123456789abcdef");
  publish(wren, "a", "0123456789abcdefg");
  publish(wren, "too_long_", "x");
  EXPECT_EQ(wren.hears(), refused(refusal::bad_name) + "; " + refused(refusal::too_long) + "; " +
                              refused(refusal::bad_topic));
  EXPECT_EQ(crow.hears(), "message a//0123456789abcdef");
}

TEST_F(hub_broker, what_a_publisher_asks_to_be_so_is_checked) {
  publish(crow, "tree", "x", flag_members_only);
  publish(crow, "tree", "x", flag_named_only);
  subscribe(crow, "tree", flag_named_only);
  EXPECT_EQ(crow.hears(), refused(refusal::not_subscribed) + "; " + refused(refusal::no_name) +
                              "; " + refused(refusal::no_name));
  static_cast<void>(say(crow, {.kind = frame_kind::unsubscribe, .topic = "tree"}));
  EXPECT_EQ(crow.hears(), refused(refusal::not_subscribed));
}

TEST_F(hub_broker, a_link_cannot_speak_as_the_hub) {
  for (const auto kind : {frame_kind::message, frame_kind::named, frame_kind::dropped})
    EXPECT_EQ(say(crow, {.kind = kind, .topic = "tree"}), broker::verdict::malformed);
}

TEST_F(hub_broker, a_publisher_waits_for_a_full_subscriber_and_then_goes_on_without_it) {
  subscribe(wren, "tree");
  subscribe(owl, "tree");
  for (int n = 0; n < 3; ++n) EXPECT_EQ(publish(crow, "tree", "x"), broker::verdict::done);
  EXPECT_EQ(wren.hears(), "subscribed tree//; message tree//x; message tree//x; message tree//x");
  EXPECT_EQ(publish(crow, "tree", "y"), broker::verdict::wait) << "owl has four";
  EXPECT_EQ(wren.hears(), "") << "nobody gets it twice";
  EXPECT_EQ(publish(crow, "tree", "y", 0, false), broker::verdict::done);
  EXPECT_EQ(wren.hears(), "message tree//y");
  EXPECT_EQ(publish(crow, "tree", "z"), broker::verdict::done) << "owl has lost one already";
  owl.hears();
  owl.out.look_at_state(now);
  EXPECT_EQ(owl.hears(), "lost //2");
  EXPECT_EQ(publish(owl, "tree", "own", flag_not_to_me), broker::verdict::done);
  EXPECT_EQ(owl.hears(), "");
}

}  // namespace
}  // namespace samjoko::hub
