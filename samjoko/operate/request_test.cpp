#include <samjoko/operate/request.hpp>

#include <gtest/gtest.h>

#include <random>

namespace samjoko::operate {
namespace {

TEST(request, is_read_as_it_was_written) {
  for (const std::string line :
       {"status\n", "json status\n", "deaths\n", "deaths 12\n", "json deaths 7\n", "scale 3\n",
        "json scale 256 multiplex x2\n", "reset-failed\n", "reset-failed thread-pool\n", "stop\n",
        "stop now\n", "json reopen-logs\n"}) {
    const auto asked = parse_request(line.substr(0, line.size() - 1));
    ASSERT_TRUE(asked) << line;
    EXPECT_EQ(request_line(*asked), line);
  }
}

TEST(request, that_is_not_understood_is_told_without_what_could_command_a_terminal) {
  for (const std::string_view line : {"",
                                      "json",
                                      "json ",
                                      "stats",
                                      "STATUS",
                                      "status now",
                                      "stop later",
                                      "scale",
                                      "scale x",
                                      "scale 0",
                                      "deaths 0",
                                      "deaths x",
                                      "deaths 1 2",
                                      "deaths -1",
                                      "scale -1",
                                      "scale 3x",
                                      "scale 99999999999999999999999",
                                      "stopnow",
                                      " status",
                                      "\x1b[2J"}) {
    const auto asked = parse_request(line);
    ASSERT_FALSE(asked) << line;
    for (const char each : asked.error().on()) EXPECT_GE(each, ' ') << line;
  }
}

TEST(request, rubbish_is_refused) {
  std::mt19937 random(5);
  for (int n = 0; n < 20'000; ++n) {
    std::string line(random() % 40, '\0');
    for (auto& each : line) each = static_cast<char>(random());
    EXPECT_FALSE(parse_request(line)) << line;
  }
}

TEST(answer, is_read_as_it_was_given) {
  const auto read = parse_answer(answer_text({.code = 3, .text = "no\nworker\n"}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->code, 3);
  EXPECT_EQ(read->text, "no\nworker\n");
  EXPECT_EQ(parse_answer("0\n")->text, "");
}

TEST(answer, of_a_stranger_is_not_taken) {
  for (const auto* text : {"", "0", "hello\n", "-1\n", "126\n", "0 \n", "99999999999\n"})
    EXPECT_FALSE(parse_answer(text)) << text;
}

}  // namespace
}  // namespace samjoko::operate
