#include <samjoko/log/format.hpp>

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace samjoko::log {
namespace {

std::string composed(format format, std::string_view message, std::uint32_t held_back = 0) {
  line room;
  const auto when = std::chrono::sys_days(std::chrono::November / 23 / 2026) +
                    std::chrono::hours(9) + std::chrono::milliseconds(251'123);
  return std::string(compose(room, format,
                             {.when = when,
                              .level = level::warning,
                              .pid = 4711,
                              .who = "worker 2",
                              .kind = "accept",
                              .message = message,
                              .held_back = held_back}));
}

constexpr std::string_view head =
    R"({"time":"2026-11-23T09:04:11.123Z","level":"warning","pid":4711,"worker":"worker 2",)"
    R"("kind":"accept",)";

std::string json(std::string_view inside) {
  return std::string(head) + R"("message":")" + std::string(inside) + "\"}\n";
}

TEST(log_form, one_record_in_three_forms) {
  EXPECT_EQ(composed(format::text, "no room"),
            "2026-11-23T09:04:11.123Z warning 4711 worker 2: no room\n");
  EXPECT_EQ(composed(format::journald, "no room"), "<4>4711 worker 2: no room\n");
  EXPECT_EQ(composed(format::json, "no room"), json("no room"));
}

TEST(log_form, says_how_many_were_held_back) {
  EXPECT_EQ(composed(format::journald, "no room", 7),
            "<4>4711 worker 2: no room (and 7 more like this)\n");
  EXPECT_EQ(composed(format::json, "no room", 7),
            std::string(head) + "\"held_back\":7,\"message\":\"no room\"}\n");
}

TEST(log_form, json_escapes_what_would_end_a_string_or_command_a_terminal) {
  EXPECT_EQ(composed(format::json, "a\"b\\c\nd\x1b[0m\x7f"),
            json(R"(a\"b\\c\u000ad\u001b[0m\u007f)"));
  EXPECT_EQ(composed(format::json,
                     "\xc2\x9b"
                     "31m"),
            json(R"(\u009b31m)"));
  EXPECT_EQ(composed(format::json, std::string_view("\0", 1)), json(R"(\u0000)"));
}

TEST(log_form, json_keeps_utf8_and_replaces_what_is_none) {
  EXPECT_EQ(composed(format::json, "삼족오 é 🐦"), json("삼족오 é 🐦"));
  const std::string mark = "\xef\xbf\xbd";
  EXPECT_EQ(composed(format::json,
                     "\xff"
                     "a\xc3"),
            json(mark + "a" + mark));
  EXPECT_EQ(composed(format::json, "\xc0\xaf"), json(mark + mark));             // overlong
  EXPECT_EQ(composed(format::json, "\xed\xa0\x80"), json(mark + mark + mark));  // surrogate
  EXPECT_EQ(composed(format::json, "\xf4\x90\x80\x80"), json(mark + mark + mark + mark));
  EXPECT_EQ(composed(format::json, "\xe0\x80\x80"), json(mark + mark + mark));
}

/// A reader for the strings of one flat object: enough to see that each ends where it should.
bool is_valid(std::string_view line) {
  bool within = false;
  for (std::size_t at = 0; at + 1 < line.size(); ++at) {
    const char byte = line[at];
    if (within && byte == '\\') {
      const char code = line[++at];
      if (code == 'u') {
        at += 4;
      } else if (code != '"' && code != '\\') {
        return false;
      }
    } else if (byte == '"') {
      within = !within;
    } else if (byte >= 0 && byte < ' ') {
      return false;
    }
  }
  return !within && line.ends_with("\"}\n") && line.size() <= line::limit;
}

TEST(log_form, json_is_valid_however_long_the_message_and_whatever_it_holds) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string message(3700 + random() % 500, '\0');
    for (auto& each : message) each = static_cast<char>(random());
    const auto line = composed(format::json, message);
    ASSERT_TRUE(is_valid(line)) << "round " << round << "\n" << line;
  }
}

TEST(log_form, what_is_too_long_is_cut_between_characters_and_says_so) {
  for (std::size_t length = 3900; length < 4100; ++length) {
    const auto quotes = composed(format::json, std::string(length, '"'));
    ASSERT_TRUE(is_valid(quotes)) << length;
    EXPECT_TRUE(quotes.ends_with(" [cut]\"}\n"));
    std::string birds(length % 4, 'a');
    while (birds.size() < length) birds += "🐦";
    const auto line = composed(format::json, birds);
    ASSERT_TRUE(is_valid(line)) << length;
    if (!line.ends_with(" [cut]\"}\n")) continue;
    const auto whole = line.substr(line.find("\"message\":\"") + 11);
    EXPECT_EQ((whole.size() - std::string(" [cut]\"}\n").size() - length % 4) % 4, 0U);
  }
}

}  // namespace
}  // namespace samjoko::log
