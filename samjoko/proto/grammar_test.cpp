#include <samjoko/proto/grammar.hpp>

#include <gtest/gtest.h>

namespace samjoko::proto {
namespace {

TEST(grammar, tokens_are_those_of_rfc_9110) {
  EXPECT_TRUE(is_token("GET"));
  EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~09azAZ"));
  for (const std::string_view text :
       {"",  " ", "a b", "a\t", "(",  "\"", ",", "/", ":",    ";",    "<",
        "=", "?", "@",   "[",   "\\", "]",  "{", "}", "\x7f", "\x80", "\xff"}) {
    EXPECT_FALSE(is_token(text)) << text;
  }
}

TEST(grammar, decimals_fit_or_are_none) {
  EXPECT_EQ(parse_decimal("0"), 0U);
  EXPECT_EQ(parse_decimal("0018"), 18U);
  EXPECT_EQ(parse_decimal("18446744073709551615"), 18446744073709551615U);
  for (const std::string_view text :
       {"", "18446744073709551616", "99999999999999999999", "+1", "-1", " 1", "1 ", "1a", "0x1"}) {
    EXPECT_EQ(parse_decimal(text), std::nullopt) << text;
  }
}

TEST(grammar, list_elements_come_one_by_one) {
  std::string_view list = " a ,\t,b";
  EXPECT_EQ(next_element(list), "a");
  EXPECT_EQ(next_element(list), "");
  EXPECT_EQ(next_element(list), "b");
  EXPECT_TRUE(list.empty());
}

TEST(grammar, case_is_ascii_only) {
  EXPECT_TRUE(equal_ignoring_case("Host", "hOST"));
  EXPECT_FALSE(equal_ignoring_case("Host", "Hos"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
  EXPECT_FALSE(equal_ignoring_case("\xc4", "\xe4"));
}

TEST(grammar, hexadecimal_digits) {
  EXPECT_EQ(hex_value('0'), 0);
  EXPECT_EQ(hex_value('f'), 15);
  EXPECT_EQ(hex_value('F'), 15);
  for (const char c : {'g', 'G', '/', ':', '@', '`', ' ', '\0'}) EXPECT_EQ(hex_value(c), -1);
}

}  // namespace
}  // namespace samjoko::proto
