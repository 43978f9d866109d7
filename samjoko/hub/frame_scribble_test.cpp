// What a link of a worker under an attacker's control sends, frame by frame and with bytes
// overwritten, goes through the code of the hub; deterministic by its seed. Under the sanitizers
// this is a fuzz target.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <random>
#include <samjoko/hub/broker.hpp>

namespace samjoko::hub {
namespace {

std::uint64_t rounds() {
  const char* asked = std::getenv("SAMJOKO_FUZZ_ROUNDS");
  return asked == nullptr ? 200 : std::strtoull(asked, nullptr, 10);
}

constexpr std::string_view topics[] = {"", "a", "b", "a longer one", "c"};
constexpr std::string_view names[] = {"", "one", "two", "three"};
constexpr std::string_view bodies[] = {"", "x", "\n\n\0\r", "a body that is somewhat longer"};

class talker {
 public:
  explicit talker(std::uint64_t seed) : random_(seed) {}
  std::uint64_t operator()() { return random_(); }

  /// Some frames, in which some bytes are overwritten.
  std::string says() {
    std::string text;
    for (auto left = 1 + random_() % 4; left > 0; --left) {
      append(text, {.kind = static_cast<frame_kind>(random_() % 8),
                    .flags = static_cast<std::uint8_t>(random_()),
                    .topic = topics[random_() % std::size(topics)],
                    .name = names[random_() % std::size(names)],
                    .body = bodies[random_() % std::size(bodies)]});
    }
    for (auto bad = random_() % 3; bad > 0; --bad)
      text[random_() % text.size()] = static_cast<char>(random_());
    return text;
  }

 private:
  std::mt19937_64 random_;
};

TEST(hub_scribble, on_every_frame_stays_within_the_bounds) {
  const limits bounds;
  for (std::uint64_t round = 0; round < rounds(); ++round) {
    broker subject(bounds);
    std::vector<std::unique_ptr<broker::member>> members;
    talker some(round);
    steady::time_point now{};
    for (int turn = 0; turn < 200; ++turn) {
      now += milliseconds(some() % 50);
      if (members.empty() || some() % 10 == 0)
        members.push_back(std::make_unique<broker::member>(bounds));
      const auto which = some() % members.size();
      const auto said = some.says();
      bool ends = some() % 40 == 0;
      for (auto left = as_bytes(said); !left.empty() && !ends;) {
        const auto cut = first_frame(left);
        ends = !cut;
        if (!cut || !*cut) break;
        ends =
            subject.take(*members[which], (*cut)->what, now, false) == broker::verdict::malformed;
        left = left.subspan((*cut)->size);
      }
      static_cast<void>(subject.take_touched());
      if (!ends) continue;
      subject.leave(*members[which], now);
      static_cast<void>(subject.take_touched());
      members.erase(members.begin() + static_cast<std::ptrdiff_t>(which));
    }
    for (const auto& each : members) {
      EXPECT_LE(each->topics.size(), bounds.topics_per_subscriber);
      EXPECT_LE(each->name.size(), bounds.name_length);
    }
    for (const auto& each : members) subject.leave(*each, now);
    static_cast<void>(subject.take_touched());
  }
}

}  // namespace
}  // namespace samjoko::hub
