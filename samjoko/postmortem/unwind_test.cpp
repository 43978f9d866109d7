#include <samjoko/postmortem/unwind.hpp>

#include <csignal>
#include <filesystem>
#include <memory>
#include <random>

#include <samjoko/base/check.hpp>
#include <samjoko/postmortem/testing/crash_bed.hpp>

namespace samjoko::postmortem {
namespace {

std::unique_ptr<capture_slot> capture_of(const std::string& build, const std::string& way) {
  victim dead(build, way);
  dead.wait();
  auto* const found = dead.last();
  EXPECT_NE(found, nullptr);
  auto copy = std::make_unique<capture_slot>();
  if (found != nullptr) *copy = *found;
  return copy;
}

TEST(unwind, an_empty_capture_gives_a_remark) {
  const auto nothing = std::make_unique<capture_slot>();
  const auto calls = unwind(*nothing);
  EXPECT_TRUE(calls.frames.empty());
  EXPECT_FALSE(calls.remark.empty());
}

TEST(unwind, stops_at_the_number_of_calls_that_was_said) {
  const auto capture = capture_of("pie", "overflow");
  const auto calls = unwind(*capture, {.most_frames = 5, .maps_instead = ""});
  EXPECT_EQ(calls.frames.size(), 5U);
  EXPECT_EQ(calls.remark, "cut after 5 calls");
}

TEST(unwind, takes_the_map_of_another_when_there_is_none) {
  const auto capture = capture_of(quickest_build(), "null_write");
  const std::string map(maps_of(*capture));
  capture->maps_size = 0;
  EXPECT_EQ(depth_of(unwind(*capture), "guilty_of_null_write"), -1);
  EXPECT_EQ(depth_of(unwind(*capture, {.maps_instead = map}), "guilty_of_null_write"), 0);
}

TEST(unwind, a_file_that_was_replaced_is_not_believed) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("samjoko-unwind-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  const auto program = folder / "program";
  std::filesystem::copy_file(SAMJOKO_VICTIMS "pie", program);
  auto capture = capture_of("pie", "null_write");
  std::string map(maps_of(*capture));
  const std::string original = SAMJOKO_VICTIMS "pie";
  for (auto at = map.find(original); at != std::string::npos; at = map.find(original, at + 1))
    map.replace(at, original.size(), program);
  capture->maps_size = 0;
  const auto calls = unwind(*capture, {.maps_instead = map});
  std::filesystem::remove_all(folder);
  ASSERT_FALSE(calls.frames.empty());
  EXPECT_EQ(calls.frames[0].function, "") << text_of(calls);
  EXPECT_EQ(calls.frames[0].module, program);
  EXPECT_NE(calls.remark.find("was replaced"), std::string::npos) << calls.remark;
}

// The slot is written by a process that has failed, or that an attacker controls.
TEST(unwind, no_capture_of_whatever_content_does_harm) {
  const auto quick = capture_of(quickest_build(), "abort");
  const auto with_libraries = capture_of("pie", "abort");
  const auto capture = std::make_unique<capture_slot>();
  std::mt19937_64 random(7);
  const int rounds = address_sanitizer ? 30 : 300;  // its programs have ten times the symbols
  for (int round = 0; round < rounds; ++round) {
    *capture = round % 10 == 0 ? *with_libraries : *quick;
    for (auto& value : capture->registers) {
      if (random() % 4 == 0) value = random() % 2 == 0 ? random() : value + random() % 64;
    }
    for (std::size_t i = 0; i < 400; ++i)
      capture->stack[random() % capture->stack.size()] = static_cast<std::byte>(random());
    if (round % 3 == 0) {
      for (int i = 0; i < 10; ++i)
        capture->maps[random() % capture->maps_size] = static_cast<char>(random());
    }
    if (round % 5 == 0) capture->stack_size = static_cast<std::uint32_t>(random());
    if (round % 7 == 0) capture->stack_address = random();
    EXPECT_LE(unwind(*capture, {.most_frames = 32, .maps_instead = ""}).frames.size(), 32U);
  }
}

TEST(unwind, a_map_that_names_no_file_of_code_waits_for_nothing) {
  const auto capture = capture_of("pie", "abort");
  const auto pipe =
      std::filesystem::temp_directory_path() / ("samjoko-pipe-" + std::to_string(::getpid()));
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto map = "1000-7fffffffffff r-xp 00000000 fe:00 7 " + pipe.string() + "\n";
  capture->maps_size = 0;
  const auto calls = unwind(*capture, {.maps_instead = map});
  std::filesystem::remove(pipe);
  EXPECT_EQ(calls.frames.size(), 1U);
}

}  // namespace
}  // namespace samjoko::postmortem
