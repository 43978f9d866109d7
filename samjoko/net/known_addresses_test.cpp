#include <samjoko/net/known_addresses.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>

namespace samjoko {
namespace {

using std::chrono::seconds;

std::vector<os::address> addresses(std::initializer_list<const char*> texts) {
  std::vector<os::address> all;
  for (const auto* each : texts) all.push_back(os::address::parse(each).value());
  return all;
}

std::vector<std::string> texts(const std::vector<os::address>& all) {
  std::vector<std::string> made;
  for (const auto& each : all) made.push_back(each.text());
  return made;
}

TEST(known_addresses, gives_the_last_good_answer_with_the_port_of_the_question) {
  known_addresses known;
  const auto now = steady::now();
  EXPECT_TRUE(known.get(80).empty());
  known.put(addresses({"10.0.0.1:1", "[2001:db8::1]:1"}), now, seconds(30));
  EXPECT_EQ(texts(known.get(80)), (std::vector<std::string>{"10.0.0.1:80", "[2001:db8::1]:80"}));
  known.put_off(now, seconds(1), ETIMEDOUT);
  EXPECT_EQ(texts(known.get(8)).front(), "10.0.0.1:8") << "kept while there is no other";
  known.put(addresses({"10.0.0.2:1"}), now, seconds(30));
  EXPECT_EQ(texts(known.get(80)), std::vector<std::string>{"10.0.0.2:80"});
}

TEST(known_addresses, of_many_the_first_are_kept) {
  known_addresses known;
  std::vector<os::address> many;
  for (int n = 1; n < 20; ++n)
    many.push_back(os::address::parse("10.0.0." + std::to_string(n) + ":1").value());
  known.put(many, steady::now(), seconds(30));
  EXPECT_EQ(known.get(1).size(), known_addresses::most);
}

TEST(known_addresses, one_caller_is_told_to_look_up) {
  known_addresses known;
  const auto now = steady::now();
  EXPECT_TRUE(known.claim(now, seconds(10)));
  EXPECT_FALSE(known.claim(now, seconds(10)));
  EXPECT_FALSE(known.claim(now + seconds(9), seconds(10)));
  EXPECT_TRUE(known.claim(now + seconds(10), seconds(10))) << "the first one was killed";
  known.put(addresses({"10.0.0.1:1"}), now, seconds(30));
  EXPECT_FALSE(known.claim(now + seconds(29), seconds(10)));
  EXPECT_TRUE(known.claim(now + seconds(31), seconds(10)));
}

TEST(known_addresses, tells_why_the_last_try_failed_until_the_next) {
  known_addresses known;
  const auto now = steady::now();
  EXPECT_EQ(known.failed(), 0);
  known.put_off(now, seconds(1), ETIMEDOUT);
  EXPECT_EQ(known.failed(), ETIMEDOUT);
  EXPECT_TRUE(known.claim(now + seconds(1), seconds(10)));
  EXPECT_EQ(known.failed(), 0);
}

// Bytes of a writer that was killed in the middle, or of one that an attacker controls.
TEST(known_addresses, bytes_that_nobody_put_there_are_no_answer) {
  auto known = std::make_unique<known_addresses>();
  known->put(addresses({"10.0.0.1:1", "10.0.0.2:1"}), steady::now(), seconds(30));
  auto* raw = reinterpret_cast<unsigned char*>(known.get());
  int kept = 0;
  for (std::size_t n = 0; n < sizeof(known_addresses); ++n) {
    raw[n] ^= 0xff;
    const auto got = texts(known->get(80));
    EXPECT_LE(got.size(), known_addresses::most);
    if (got == std::vector<std::string>{"10.0.0.1:80", "10.0.0.2:80"})
      ++kept;
    else
      EXPECT_TRUE(got.empty()) << "byte " << n;
    raw[n] ^= 0xff;
  }
  EXPECT_GT(kept, 0) << "the other answer's place and the times are none of this answer";
}

TEST(known_addresses, readers_never_see_half_an_answer) {
  known_addresses known;
  const auto first = addresses({"10.0.0.1:1", "10.0.0.1:1", "10.0.0.1:1"});
  const auto second = addresses({"[2001:db8::2]:1", "[2001:db8::2]:1", "[2001:db8::2]:1"});
  known.put(first, steady::now(), seconds(30));
  std::atomic<bool> over{false};
  std::thread writer([&] {
    for (int n = 0; n < 20'000; ++n)
      known.put(n % 2 == 0 ? second : first, steady::now(), seconds(30));
    over = true;
  });
  while (!over) {
    const auto got = known.get(1);
    for (const auto& each : got) EXPECT_EQ(each.text(), got.front().text());
  }
  writer.join();
}

}  // namespace
}  // namespace samjoko
