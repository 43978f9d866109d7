// The running hub, with links that send anything: every kind of frame, cut off, with wrong lengths,
// in the wrong order, by the thousand, never read, with descriptors attached, over more links than
// the hub takes. Deterministic by its seed except for when the kernel delivers. Two honest links of
// another space go on meanwhile. Under the sanitizers this is a fuzz target.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <random>
#include <samjoko/hub/frame.hpp>
#include <samjoko/hub/hub_address.hpp>
#include <samjoko/hub/server.hpp>
#include <samjoko/os/event_fd.hpp>
#include <thread>

namespace samjoko::hub {
namespace {

using namespace std::chrono_literals;

/// Only a failing test waits so long.
constexpr milliseconds patience{60'000};
constexpr std::size_t attackers = 80;

std::uint64_t rounds() {
  const char* asked = std::getenv("SAMJOKO_FUZZ_ROUNDS");
  return asked == nullptr ? 2 : std::strtoull(asked, nullptr, 10);
}

std::string text_of(const frame& what) {
  std::string text;
  append(text, what);
  return text;
}

limits narrow() {
  limits made;
  made.subscribers = 64;
  made.queue_messages = 32;
  made.publisher_wait = 2ms;
  made.slow_for = 20ms;
  return made;
}

/// A hub in a thread of this process, which reports how many links it holds.
class observed_hub {
 public:
  observed_hub() : listener_(open_rendezvous().value()) {
    thread_ = std::thread([this] {
      run_server(listener_.get(), bounds_,
                 {.descriptor = event_fd_.descriptor(),
                  .stop_asked = [this] { return stop_asked_.load(); },
                  .holds =
                      [this](std::size_t links) {
                        const std::lock_guard guard(lock_);
                        links_ = links;
                        changed_.notify_all();
                      }});
    });
  }
  observed_hub(const observed_hub&) = delete;
  observed_hub& operator=(const observed_hub&) = delete;
  ~observed_hub() {
    stop_asked_ = true;
    event_fd_.notify();
    thread_.join();
  }
  [[nodiscard]] std::size_t links() const {
    const std::lock_guard guard(lock_);
    return links_;
  }
  [[nodiscard]] bool comes_to_hold(std::size_t links) const {
    std::unique_lock guard(lock_);
    return changed_.wait_for(guard, patience, [&] { return links_ == links; });
  }
  [[nodiscard]] const limits& bounds() const noexcept { return bounds_; }

 private:
  limits bounds_ = narrow();
  os::descriptor listener_;
  os::event_fd event_fd_;
  std::atomic<bool> stop_asked_ = false;
  mutable std::mutex lock_;
  mutable std::condition_variable changed_;
  std::size_t links_ = 0;
  std::thread thread_;
};

/// A socket that is connected to the hub, and no more.
class raw_link {
 public:
  raw_link() : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto& where = *hub_address();
    EXPECT_EQ(::connect(socket_.get(), where.data(), where.size()), 0) << std::strerror(errno);
  }
  /// Sends as much as the kernel takes now; false when the hub has closed it.
  bool say(std::string_view text, bool with_descriptors = false) const {
    iovec piece{const_cast<char*>(text.data()), text.size()};
    alignas(cmsghdr) char room[CMSG_SPACE(2 * sizeof(int))] = {};
    msghdr packet{};
    packet.msg_iov = &piece;
    packet.msg_iovlen = 1;
    if (with_descriptors) {
      packet.msg_control = room;
      packet.msg_controllen = sizeof room;
      auto* const control = CMSG_FIRSTHDR(&packet);
      control->cmsg_level = SOL_SOCKET;
      control->cmsg_type = SCM_RIGHTS;
      control->cmsg_len = CMSG_LEN(2 * sizeof(int));
      // The socket itself is attached too: then closing it does not close it, as long as the hub
      // does not read this.
      const int attached[2] = {2, socket_.get()};
      std::memcpy(CMSG_DATA(control), attached, sizeof attached);
    }
    return ::sendmsg(socket_.get(), &packet, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno == EAGAIN;
  }
  /// Reads away what there is; returns whether the socket is still open.
  [[nodiscard]] bool listen() const {
    char room[65'536];
    for (;;) {
      const auto got = ::recv(socket_.get(), room, sizeof room, MSG_DONTWAIT);
      if (got <= 0) return got < 0 && errno == EAGAIN;
    }
  }
  void finish_sending() const { ::shutdown(socket_.get(), SHUT_WR); }
  /// The next whole frame. Kind 0 when none comes.
  [[nodiscard]] frame next() {
    for (;;) {
      heard_.erase(0, std::exchange(taken_, 0));
      const auto cut = first_frame(as_bytes(heard_));
      if (!cut) return {};
      if (*cut) {
        taken_ = (*cut)->size;
        return (*cut)->what;
      }
      pollfd waits{socket_.get(), POLLIN, 0};
      char room[4096];
      if (::poll(&waits, 1, static_cast<int>(patience.count())) != 1) return {};
      const auto got = ::recv(socket_.get(), room, sizeof room, 0);
      if (got <= 0) return {};
      heard_.append(room, static_cast<std::size_t>(got));
    }
  }

 private:
  os::descriptor socket_;
  std::string heard_;
  std::size_t taken_ = 0;
};

/// Makes one of each kind of frame that may be sent, and of each that may not.
class nonsense {
 public:
  explicit nonsense(std::uint64_t seed) : random_(seed) {}
  std::uint64_t operator()(std::uint64_t below) { return random_() % below; }

  std::string says() {
    switch ((*this)(9)) {
      case 0: return of_any_kind();
      case 1: return with_a_wrong_length();
      case 2: return with_wrong_texts();
      case 3: return cut();
      case 4: return many(1 + (*this)(3000));
      case 5: return text_of({.kind = frame_kind::enter, .name = name()});
      case 6: return rubbish(1 + (*this)(200));
      default: return some_frames();
    }
  }

 private:
  std::string_view topic() {
    static const std::string longest(longest_text, 't');
    const std::string_view all[] = {"", "a", "b", "c", "one longer", longest};
    return all[(*this)(std::size(all))];
  }
  std::string_view name() {
    static const std::string longest(longest_text, 'n');
    const std::string_view all[] = {"",     "one", "two", "three", std::string_view("\0\n", 2),
                                    longest};
    return all[(*this)(std::size(all))];
  }
  std::string_view body() {
    static const std::string longest(longest_message, 'm');
    const std::string_view all[] = {"", "x", "some words", longest};
    return all[(*this)(std::size(all))];
  }
  std::string one(frame_kind kind) {
    return text_of({.kind = kind,
                    .flags = static_cast<std::uint8_t>(random_()),
                    .topic = topic(),
                    .name = name(),
                    .body = body()});
  }
  frame_kind valid_kind() { return static_cast<frame_kind>(1 + (*this)(7)); }
  std::string some_frames() {
    std::string text;
    for (auto left = 1 + (*this)(8); left > 0; --left) text += one(valid_kind());
    return text;
  }
  std::string of_any_kind() { return one(static_cast<frame_kind>((*this)(256))); }
  std::string with_a_wrong_length() {
    auto text = one(valid_kind());
    const std::uint32_t lengths[] = {0,
                                     3,
                                     4,
                                     static_cast<std::uint32_t>(text.size() - 5),
                                     static_cast<std::uint32_t>(text.size() - 3),
                                     longest_frame - 4,
                                     longest_frame - 3,
                                     0x7FFF'FFFF,
                                     0xFFFF'FFFF};
    const auto length = lengths[(*this)(std::size(lengths))];
    for (std::size_t n = 0; n < 4; ++n) text[n] = static_cast<char>(length >> (8 * n));
    return text;
  }
  std::string with_wrong_texts() {
    auto text = one(valid_kind());
    text[6] = static_cast<char>(random_());  // the topic's length
    return text;
  }
  std::string cut() {
    auto text = some_frames();
    text.resize((*this)(text.size()));
    return text;
  }
  std::string many(std::uint64_t count) {
    const auto kind = valid_kind();
    std::string text;
    for (; count > 0; --count) {
      const auto number = std::to_string(count % 300);
      text += text_of({.kind = kind,
                       .flags = flag_presence,
                       .topic = (*this)(2) == 0 ? "a" : std::string_view(number),
                       .name = (*this)(2) == 0 ? "one" : std::string_view(number)});
    }
    return text;
  }
  std::string rubbish(std::uint64_t size) {
    std::string text;
    for (; size > 0; --size) text.push_back(static_cast<char>(random_()));
    return text;
  }

  std::mt19937_64 random_;
};

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// The two honest links, which must not notice the others.
struct honest_pair {
  raw_link speaker, listener;
  int said = 0;

  honest_pair() {
    for (const auto* each : {&speaker, &listener})
      EXPECT_TRUE(each->say(text_of({.kind = frame_kind::enter, .name = "honest"})));
    EXPECT_TRUE(listener.say(text_of({.kind = frame_kind::subscribe, .topic = "a"})));
    EXPECT_EQ(listener.next().kind, frame_kind::subscribed);
  }
  void speak_and_hear() {
    const auto number = std::to_string(++said);
    EXPECT_TRUE(speaker.say(text_of({.kind = frame_kind::publish, .topic = "a", .body = number})));
    const auto heard = listener.next();
    ASSERT_EQ(heard.kind, frame_kind::message) << "message " << number << " did not come";
    ASSERT_EQ(heard.body, number);
  }
};

/// One step of one attacker.
void act(std::unique_ptr<raw_link>& link, nonsense& some) {
  if (!link) link = std::make_unique<raw_link>();
  switch (some(12)) {
    case 0: link.reset(); return;
    case 1: link->finish_sending(); return;
    case 2:
    case 3:
      if (!link->listen()) link.reset();
      return;
    case 4:
      for (const auto byte : some.says().substr(0, 64)) {
        if (!link->say({&byte, 1})) break;
      }
      return;
    default:
      if (!link->say(some.says(), some(4) == 0)) link.reset();
  }
}

TEST(hub_server, of_nonsense_from_all_sides_keeps_to_the_honest) {
  for (std::uint64_t round = 0; round < rounds(); ++round) {
    const observed_hub hub;
    honest_pair honest;
    const auto before = open_descriptors();
    nonsense some(round);
    std::vector<std::unique_ptr<raw_link>> links(attackers);
    std::size_t most = 0;
    for (int step = 0; step < 4000; ++step) {
      act(links[some(links.size())], some);
      if (step % 20 == 0) {
        ASSERT_NO_FATAL_FAILURE(honest.speak_and_hear()) << "seed " << round;
      }
      most = std::max(most, hub.links());
    }
    EXPECT_LE(most, hub.bounds().subscribers);
    EXPECT_GT(most, hub.bounds().subscribers / 2) << "hardly any link was let in";
    links.clear();
    EXPECT_TRUE(hub.comes_to_hold(2)) << "only the honest are left, not " << hub.links();
    ASSERT_NO_FATAL_FAILURE(honest.speak_and_hear());
    EXPECT_EQ(open_descriptors(), before) << "nothing that was sent along is kept";
  }
}

// There are more questions than answers fit into the link's queue: the hub goes on when there is
// room again (tests/hostile/test_hub_frames.py sees that it holds no more meanwhile).
TEST(hub_server, answers_all_questions_that_came_in_one_read) {
  const observed_hub hub;
  std::vector<std::unique_ptr<raw_link>> members;
  for (int n = 0; n < 50; ++n) {
    auto& each = members.emplace_back(std::make_unique<raw_link>());
    const auto name = std::to_string(n) + std::string(60, 'n');
    EXPECT_TRUE(each->say(text_of({.kind = frame_kind::claim, .name = name}) +
                          text_of({.kind = frame_kind::subscribe, .topic = "a"})));
    EXPECT_EQ(each->next().kind, frame_kind::named);
    EXPECT_EQ(each->next().kind, frame_kind::subscribed);
  }
  raw_link asks;
  std::string questions;
  while (questions.size() < 30'000)
    questions += text_of({.kind = frame_kind::ask_members, .topic = "a"});
  const auto count =
      questions.size() / text_of({.kind = frame_kind::ask_members, .topic = "a"}).size();
  EXPECT_TRUE(asks.say(questions));
  for (std::size_t n = 0; n < count; ++n) {
    const auto answer = asks.next();
    ASSERT_EQ(answer.kind, frame_kind::members) << "answer " << n << " of " << count;
    EXPECT_GT(answer.body.size(), 3000U);
  }
}

}  // namespace
}  // namespace samjoko::hub
