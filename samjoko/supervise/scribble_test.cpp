// What a worker under an attacker's control writes into the memory of its box, and sends on its
// line, goes through the code of the master and of its helper; deterministic by its seed. Under the
// sanitizers this is a fuzz target: no crash, no signal to a process of another program, no opening
// of a file that the attacker chose.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/memory_map.hpp>
#include <samjoko/os/output.hpp>
#include <samjoko/os/packet_pair.hpp>
#include <samjoko/postmortem/unwind.hpp>
#include <samjoko/supervise/channel.hpp>
#include <samjoko/supervise/stuck_watchdog.hpp>
#include <samjoko/supervise/unwind_helper.hpp>

#include <fcntl.h>

namespace samjoko::supervise {
namespace {

using namespace std::chrono_literals;

std::uint64_t rounds() {
  const char* asked = ::getenv("SAMJOKO_FUZZ_ROUNDS");
  return asked == nullptr ? 40 : std::strtoull(asked, nullptr, 10);
}

/// Never forks: each stack "could not be unwound". Notes which processes it is told to kill.
class still_kernel : public kernel {
 public:
  [[nodiscard]] steady::time_point now() override { return now_; }
  [[nodiscard]] result<channel::both_ends> open_channel() override { return channel::open(); }
  [[nodiscard]] result<held_process> fork(const std::function<void()>&) override {
    return failure(EAGAIN, "fork");
  }
  [[nodiscard]] result<void> kill(pid_t pid, const os::descriptor&, int) override {
    killed_.push_back(pid);
    return {};
  }
  void wait(std::vector<pollfd>&, deadline) override {}
  [[nodiscard]] std::span<const os::signal_notice> take_signals() override { return {}; }
  [[nodiscard]] std::optional<os::waited> wait_any() override { return std::nullopt; }
  [[nodiscard]] std::vector<pid_t> children() override { return {}; }

  steady::time_point now_{1h};
  std::vector<pid_t> killed_;
};

class scribbler {
 public:
  explicit scribbler(std::uint64_t seed) : random_(seed) {}

  std::uint64_t word() {
    const std::uint64_t process = pids_[random_() % pids_.size()];
    switch (random_() % 9) {
      case 0: return 0;
      case 1: return ~std::uint64_t{0};
      case 2: return random_() % 40;
      case 3: return process << 32 | process;
      case 4: return process << 32 | 2;  // a capture that is complete
      case 5: return (random_() % 200) << 2 | 2;
      case 6: return (random_() % 200) << 2 | 3;
      case 7: return random_() & 0x7f7f7f7f7f7f7f7f;
      default: return random_();
    }
  }
  void on(std::span<std::byte> memory) {
    for (std::size_t at = 0; at + 8 <= memory.size(); at += 8) {
      if (random_() % 3 == 0) continue;
      const auto value = word();
      std::memcpy(memory.data() + at, &value, sizeof value);
    }
  }
  std::uint64_t operator()() { return random_(); }

 private:
  std::mt19937_64 random_;
  std::array<std::uint64_t, 4> pids_{1, static_cast<std::uint64_t>(::getpid()),
                                     static_cast<std::uint64_t>(::getppid()), 4711};
};

template <class T>
std::span<std::byte> memory_of(std::span<T> cells) {
  return {reinterpret_cast<std::byte*>(cells.data()), cells.size_bytes()};
}

/// Code outside the ring does not see its cells, so they are found as an attacker finds them.
template <class Each>
void for_each_shared_mapping(Each&& each) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (!line.contains(" rw-s ") || !line.contains("/dev/zero")) continue;
    std::uintptr_t start = 0;
    std::uintptr_t end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &start, &end) != 2) continue;
    each(std::span(reinterpret_cast<std::byte*>(start), end - start));
  }
}

postmortem::death_report of_worker(std::uint32_t worker) {
  postmortem::death_report made{.status = os::exit_status::killed(SIGSEGV)};
  made.pid = 4711;
  made.worker = worker;
  made.title = "worker";
  return made;
}

class quiet_log {
 public:
  quiet_log() {
    static_cast<void>(
        log::process_log().adopt(os::descriptor(::open("/dev/null", O_WRONLY | O_CLOEXEC))));
  }
};

TEST(scribble, on_every_shared_word_harms_neither_the_master_nor_a_stranger) {
  const quiet_log log;
  auto boxes = postmortem::black_boxes::make(2).value();
  ASSERT_TRUE(boxes->open(1));
  ASSERT_TRUE(boxes->open(2));
  still_kernel kernel;
  os::children children(8);
  unwind_helper subject(kernel, children, boxes.get(), &of_worker);
  subject.deaths().look_in(boxes->of_workers(), [](std::uint32_t, pid_t) { return true; });
  std::vector<pid_t> ended;
  std::vector<pid_t> asked;
  stuck_watchdog watch(
      boxes->of_workers(), 200ms,
      [&](std::uint32_t, pid_t pid, postmortem::own_limit, milliseconds) { ended.push_back(pid); },
      [&](std::uint32_t, pid_t pid) {
        asked.push_back(pid);
        return false;  // no process is theirs
      });
  for (std::uint64_t round = 0; round < rounds(); ++round) {
    scribbler some(round);
    for_each_shared_mapping([&](std::span<std::byte> memory) { some.on(memory); });
    for (const std::uint32_t worker : {1U, 2U}) {
      subject.deaths().add(of_worker(worker));
      subject.deaths().add_untold(of_worker(worker));
    }
    subject.deaths().settle();
    subject.look();
    for (int turn = 0; turn < 8; ++turn) {
      kernel.now_ += 60ms;
      subject.tend(kernel.now_);
      watch.tend(kernel.now_);
    }
    static_cast<void>(subject.deaths().knows(4711));
    static_cast<void>(subject.deaths().worker_of(4711));
    boxes->own().deaths.for_each([](const postmortem::death_record& each) {
      static_cast<void>(postmortem::name_of(each.role));
      static_cast<void>(postmortem::name_of(each.cause));
    });
  }
  EXPECT_TRUE(ended.empty() && kernel.killed_.empty());
  EXPECT_FALSE(asked.empty()) << "the cells were looked at";
}

// The record without a place was searched for without end: the master no longer heard SIGTERM.
TEST(scribble, a_record_without_a_number_that_waits_holds_nobody_up) {
  constexpr std::size_t place = 8 + (sizeof(postmortem::death_record) + 7) / 8 * 8;
  const quiet_log log;
  auto boxes = postmortem::black_boxes::make(1).value();
  ASSERT_TRUE(boxes->open(1));
  still_kernel kernel;
  os::children children(8);
  unwind_helper subject(kernel, children, boxes.get(), &of_worker);
  for_each_shared_mapping([](std::span<std::byte> memory) {
    if (memory.size() < 2 * place) return;
    const std::uint64_t one_death = 1;
    const std::uint64_t waits_without_number = 2;
    std::memcpy(memory.data(), &one_death, sizeof one_death);
    std::memcpy(memory.data() + place, &waits_without_number, sizeof waits_without_number);
  });
  ASSERT_EQ(boxes->of(1)->deaths.count(), 1U) << "it was not on the ring";
  subject.look();
  for (int turn = 0; turn < 3; ++turn) subject.tend(kernel.now_);
  EXPECT_FALSE(subject.is_busy());
}

// The helper gets a capture of which every word is forged, and a capture whose map names a file of
// the attacker's, with the right inode.
TEST(scribble, on_a_capture_opens_no_file_of_the_forgers) {
  const auto files = os::own_maps();
  auto slot = std::make_unique<postmortem::capture_slot>();
  for (std::uint64_t round = 0; round < rounds(); ++round) {
    scribbler some(round);
    some.on({reinterpret_cast<std::byte*>(slot.get()), sizeof *slot});
    if (some() % 2 == 0) {  // a map that can be read, with rubbish in between
      const auto size = std::min(files.size(), slot->maps.size());
      std::memcpy(slot->maps.data(), files.data(), size);
      slot->maps_size = static_cast<std::uint32_t>(size);
      for (int n = 0; n < 20; ++n) slot->maps[some() % size] = static_cast<char>(some());
      slot->has_registers = 1;
      slot->stack_size = postmortem::capture_slot::stack_room;
      slot->stack_address = some() % 2 == 0 ? slot->registers[7] : some();
    }
    static_cast<void>(postmortem::unwind(*slot, {.maps_instead = {}, .only_files_of = files}));
  }
}

TEST(scribble, on_the_line_is_read_away_message_by_message) {
  scribbler some(1);
  for (std::uint64_t round = 0; round < rounds(); ++round) {
    auto ends = os::open_packet_pair().value();
    const channel master(std::move(ends.second));
    std::size_t sent = 0;
    for (; sent < 50; ++sent) {
      std::array<std::byte, 24> packet{};
      some.on(packet);
      const auto size = 1 + some() % packet.size();
      if (!os::send_packet(ends.first, std::span(packet).first(size), sent % 5 == 0 ? 2 : -1))
        break;
    }
    ends.first.reset();
    std::size_t read = 0;
    for (;; ++read) {
      const auto got = master.receive(os::attached_too::refused);
      if (!got && !got.error().is(condition::malformed)) break;
      ASSERT_TRUE(!got || *got) << "there is more";
      if (got) {
        EXPECT_FALSE((*got)->attached);
      }
    }
    EXPECT_EQ(read, sent);
  }
}

}  // namespace
}  // namespace samjoko::supervise
