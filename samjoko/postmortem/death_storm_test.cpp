#include <gtest/gtest.h>

#include <samjoko/postmortem/death_storm.hpp>

namespace samjoko::postmortem {
namespace {

using std::chrono::seconds;

constexpr steady::time_point start{seconds(100)};

death_record killed(int signal = 9, std::string_view request = "") {
  death_record dead;
  dead.pid = 4711;
  dead.signal = static_cast<std::uint8_t>(signal);
  dead.cause = death_cause::signal;
  dead.title.assign("worker 2");
  dead.request.assign(request);
  dead.was_running = !request.empty();
  return dead;
}

std::size_t told_in_full(death_storm& storm, int deaths, milliseconds apart,
                         steady::time_point from = start) {
  std::size_t told = 0;
  for (int n = 0; n < deaths; ++n)
    if (storm.tells(killed(), from + n * apart)) ++told;
  return told;
}

TEST(death_storm, seldom_deaths_are_all_told_in_full) {
  death_storm storm;
  EXPECT_EQ(told_in_full(storm, 200, milliseconds(1000)), 200U);
  EXPECT_FALSE(storm.lasts());
  EXPECT_TRUE(storm.take_lines(start + seconds(1000)).empty());
}

TEST(death_storm, the_first_of_a_crowd_are_told_in_full_and_the_others_counted) {
  death_storm storm(10);
  EXPECT_EQ(told_in_full(storm, 100, milliseconds(1)), 10U);
  EXPECT_TRUE(storm.lasts());
  EXPECT_TRUE(storm.take_lines(start + milliseconds(500)).empty()) << "a line a second";
  const auto lines = storm.take_lines(start + milliseconds(1200));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("90 more, 90 in 1 s: worker was killed by signal 9"), std::string::npos)
      << lines[0];
  EXPECT_NE(lines[0].find("the last was worker 2 (4711)"), std::string::npos) << lines[0];
  EXPECT_TRUE(storm.take_lines(start + milliseconds(1300)).empty());
}

TEST(death_storm, no_death_is_lost_between_the_lines) {
  death_storm storm(3);
  std::size_t counted = 0;
  for (int n = 0; n < 300; ++n) {
    const auto now = start + n * milliseconds(100);
    if (storm.tells(killed(), now)) ++counted;
    for (const auto& line : storm.take_lines(now))
      counted += static_cast<std::size_t>(std::stoi(line.substr(line.find(": ") + 2)));
  }
  for (const auto& line : storm.take_lines(start + seconds(30), true))
    counted += static_cast<std::size_t>(std::stoi(line.substr(line.find(": ") + 2)));
  EXPECT_EQ(counted, 300U);
}

TEST(death_storm, ends_with_a_line_and_begins_anew) {
  death_storm storm(2);
  told_in_full(storm, 20, milliseconds(10));
  auto lines = storm.take_lines(start + seconds(6));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1],
            "the storm of deaths is over: 18 were not told one by one: "
            "worker was killed by signal 9 (SIGKILL, killed, cannot be refused), outside "
            "signal");
  EXPECT_FALSE(storm.lasts());
  EXPECT_TRUE(storm.tells(killed(), start + seconds(7)));
}

TEST(death_storm, another_kind_is_told_in_full_amid_a_storm) {
  death_storm storm;
  told_in_full(storm, 50, milliseconds(1));
  EXPECT_TRUE(storm.tells(killed(11), start + milliseconds(60)));
  auto elsewhere = killed(11);
  elsewhere.stack.assign("quite_another(int)+0x1 at a.cpp:1 (/bin/server+0x1)");
  EXPECT_TRUE(storm.tells(elsewhere, start + milliseconds(61)));
}

TEST(death_storm, names_the_request_that_recurs) {
  death_storm storm(1);
  EXPECT_TRUE(storm.tells(killed(9, "GET /a HTTP/1.1"), start));
  for (int n = 0; n < 9; ++n)
    EXPECT_FALSE(storm.tells(killed(9, n % 3 == 0 ? "GET /a HTTP/1.1" : "GET /boom HTTP/1.1"),
                             start + milliseconds(n)));
  const auto lines = storm.take_lines(start + seconds(2));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("6 of 9 served \"GET /boom HTTP/1.1\""), std::string::npos) << lines[0];
}

TEST(death_storm, kinds_are_bounded) {
  death_storm storm(1);
  std::size_t told = 0;
  for (int n = 0; n < 1000; ++n) {
    auto dead = killed();
    dead.exited = true;
    dead.code = static_cast<std::uint8_t>(n % 200);
    if (storm.tells(dead, start + milliseconds(n))) ++told;
  }
  EXPECT_LE(told, death_storm::most_kinds + 1);
  EXPECT_LE(storm.take_lines(start + seconds(3)).size(), death_storm::most_kinds + 1);
}

TEST(death_storm, none_is_summarised_when_all_are_wanted) {
  death_storm storm(0);
  EXPECT_EQ(told_in_full(storm, 1000, milliseconds(0)), 1000U);
}

TEST(storms_in, counts_what_is_new_enough_by_kind) {
  std::vector<death_record> records;
  for (int n = 0; n < 30; ++n) {
    auto dead = killed(n % 3 == 0 ? 11 : 9, "GET /boom HTTP/1.1");
    dead.when_ms = 100'000 + n * 1000;
    records.push_back(dead);
  }
  const auto storms = storms_in(records, 130'000, 15'000, 5);
  ASSERT_EQ(storms.size(), 1U);
  EXPECT_EQ(storms[0].deaths, 10U);
  EXPECT_EQ(storms[0].request.times, 10U);
  EXPECT_EQ(storms_in(records, 130'000, 60'000, 5).size(), 2U);
  EXPECT_TRUE(storms_in(records, 230'000, 60'000, 5).empty());
}

}  // namespace
}  // namespace samjoko::postmortem
