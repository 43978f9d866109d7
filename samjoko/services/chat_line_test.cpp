#include <samjoko/services/chat_line.hpp>

#include <gtest/gtest.h>

namespace samjoko::services {
namespace {

using namespace std::string_view_literals;

TEST(chat_line, text_is_said_as_it_is) {
  const auto said = understand("  hello, /nick of time ");
  EXPECT_EQ(said.what, chat_wish::say);
  EXPECT_EQ(said.text, "  hello, /nick of time ");
  EXPECT_EQ(understand("삼족오 \U0001F426").what, chat_wish::say);
  EXPECT_EQ(understand("").what, chat_wish::nothing);
  EXPECT_EQ(understand("   ").what, chat_wish::nothing);
}

TEST(chat_line, commands_with_what_they_need) {
  EXPECT_EQ(understand("/nick crow").what, chat_wish::nick);
  EXPECT_EQ(understand("/nick  crow ").word, "crow");
  EXPECT_EQ(understand("/join 한국어").word, "한국어");
  const auto told = understand("/msg crow caw  caw");
  EXPECT_EQ(told.what, chat_wish::tell);
  EXPECT_EQ(told.word, "crow");
  EXPECT_EQ(told.text, "caw  caw");
  EXPECT_EQ(understand("/leave").what, chat_wish::leave);
  EXPECT_EQ(understand("/who").what, chat_wish::who);
  EXPECT_EQ(understand("/help").what, chat_wish::help);
  EXPECT_EQ(understand("/quit").what, chat_wish::quit);
}

TEST(chat_line, every_wrong_use_is_told) {
  for (const auto line : {"/nick"sv, "/nick "sv, "/nick a b"sv, "/join"sv, "/msg"sv, "/msg crow"sv,
                          "/leave now"sv, "/who x"sv, "/quit x"sv, "/fly"sv, "/"sv, "//x"sv,
                          "/nick <a"sv, "/nick a>"sv, "/join a/b"sv, "/NICK crow"sv}) {
    const auto got = understand(line);
    EXPECT_EQ(got.what, chat_wish::wrong) << line;
    EXPECT_FALSE(got.text.empty()) << line;
  }
}

TEST(chat_line, names_in_the_letters_of_many_languages) {
  for (const auto name : {"crow"sv, "u-1_x"sv, "42"sv, "삼족오"sv, "까마귀7"sv, "Ворона"sv, "Ёж"sv,
                          "Zoë"sv, "Łukasz"sv, "Nguyễn"sv, "Şükrü"sv, "κόραξ"sv, "カラス"sv,
                          "からす"sv, "鴉の子"sv, "עורב"sv, "غراب"sv}) {
    EXPECT_EQ(understand("/nick " + std::string(name)).what, chat_wish::nick) << name;
    EXPECT_EQ(understand("/join " + std::string(name)).what, chat_wish::join) << name;
  }
}

TEST(chat_line, names_that_could_be_taken_for_another_are_refused) {
  for (const auto name : {"al\u200bice"sv,         // zero width space
                          "alice\u200d"sv,         // and joiner
                          "\ufeffalice"sv,         // byte order mark
                          "al\u00adice"sv,         // soft hyphen
                          "\u202ealice"sv,         // right-to-left override
                          "\u2066alice"sv,         // and isolate
                          "ａｌｉｃｅ"sv,          // full width
                          "\u0430lice"sv,          // Cyrillic a
                          "al\u0131c\u0435"sv,     // a Cyrillic e among Latin
                          "\u0430\u0441\u0435"sv,  // all Cyrillic: looks like ace
                          "\u039f\u039a"sv,        // all Greek: looks like OK
                          "alice\u00a0has\u00a0left"sv,
                          "alice\u2003x"sv,
                          "alice\u3000x"sv,
                          "e\u0301ric"sv,      // not composed
                          "\U0001d41alice"sv,  // mathematical
                          "\u2170x"sv,         // a Roman numeral
                          "a\ufe0f"sv,         // variation selector
                          "\u115f"sv,
                          "\u3164"sv,
                          "\uffa0"sv,  // Hangul fillers
                          "\U0001f426"sv,
                          "a.b"sv,
                          "a*"sv,
                          "!"sv,
                          "\u2010x"sv}) {
    EXPECT_EQ(understand("/nick " + std::string(name)).what, chat_wish::wrong) << name;
    EXPECT_EQ(understand("/join " + std::string(name)).what, chat_wish::wrong) << name;
  }
}

TEST(chat_line, control_characters_are_refused) {
  for (const auto line : {"a\0b"sv, "bell \a"sv, "\x1b[2J"sv, "tab\there"sv, "cr\rx"sv,
                          "del \x7f"sv, "csi \xc2\x9b"sv, "/nick a\x01"sv}) {
    EXPECT_EQ(understand(line).what, chat_wish::wrong) << line;
  }
  EXPECT_EQ(understand("no-break \xc2\xa0 space").what, chat_wish::say);
}

TEST(chat_line, what_is_not_utf8_is_refused) {
  for (const auto line :
       {"\x80"sv, "\xc3"sv, "\xc0\xaf"sv, "\xe0\x80\xaf"sv, "\xed\xa0\x80"sv, "\xf4\x90\x80\x80"sv,
        "\xf8\x88\x80\x80\x80"sv, "\xe2\x82"sv, "a\xff"sv}) {
    EXPECT_EQ(understand(line).what, chat_wish::wrong);
  }
  EXPECT_EQ(understand("\xf4\x8f\xbf\xbf").what, chat_wish::say) << "the last character there is";
}

}  // namespace
}  // namespace samjoko::services
