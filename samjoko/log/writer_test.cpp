#include <samjoko/log/writer.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include <samjoko/log/line.hpp>
#include <samjoko/os/clock.hpp>
#include <samjoko/os/process.hpp>

namespace samjoko::log {
namespace {

template <class... T>
void say(writer& log, const kind& kind, fmt::format_string<T...> format, T&&... arguments) {
  log.write(level::notice, kind, format, fmt::make_format_args(arguments...));
}

bool fails_with(const result<void>& done, int code) { return !done && done.error().is(code); }

class two_ends {
 public:
  static two_ends pipe() {
    two_ends made;
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    made.out = os::descriptor(ends[0]);
    made.in = os::descriptor(ends[1]);
    return made;
  }
  static two_ends sockets() {
    two_ends made;
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    made.out = os::descriptor(ends[0]);
    made.in = os::descriptor(ends[1]);
    return made;
  }
  /// All that can be read now.
  std::string drain() const {
    std::string text;
    std::array<char, 65536> some;
    pollfd ready{out.get(), POLLIN, 0};
    while (::poll(&ready, 1, 0) == 1) {
      const auto count = ::read(out.get(), some.data(), some.size());
      if (count <= 0) break;
      text.append(some.data(), static_cast<std::size_t>(count));
    }
    return text;
  }
  os::descriptor out, in;
};

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

TEST(writer, a_line_has_time_level_pid_name_and_text) {
  auto ends = two_ends::pipe();
  writer log;
  log.set_name("worker 2");
  ASSERT_TRUE(log.adopt(std::move(ends.in)));
  say(log, every("greeting"), "hello {} and {}", "world", 42);
  const std::regex form(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z notice )" +
                        std::to_string(::getpid()) + " worker 2: hello world and 42\n");
  const auto line = ends.drain();
  EXPECT_TRUE(std::regex_match(line, form)) << line;
}

TEST(line, tells_the_time_as_rfc_3339) {
  line line;
  using namespace std::chrono;
  line.add_time(sys_days(2038y / 1 / 19) + 3h + 14min + 8s + 7ms + 999us);
  EXPECT_EQ(line.finish(), "2038-01-19T03:14:08.007Z\n");
}

TEST(line, control_bytes_cannot_end_a_line_or_command_a_terminal) {
  line line;
  line.add_escaped("a\nb\r\t\x1b[2J\x7f \xc2\x9b ");
  line.add_escaped(std::string_view("\0", 1));
  line.add_escaped(" \xec\x82\xbc\xc2\xa9");  // text outside ASCII stays
  EXPECT_EQ(line.finish(), "a\\nb\\r\\t\\x1b[2J\\x7f \\xc2\\x9b \\x00 \xec\x82\xbc\xc2\xa9\n");
}

TEST(writer, a_long_line_is_cut_to_one_write_and_says_so) {
  auto ends = two_ends::pipe();
  writer log;
  ASSERT_TRUE(log.adopt(std::move(ends.in)));
  say(log, every("long"), "{}", std::string(100'000, '\x01'));
  const auto line = ends.drain();
  EXPECT_EQ(line.size(), line::limit);
  EXPECT_TRUE(line.ends_with(" [cut]\n"));
}

TEST(writer, a_full_pipe_never_blocks_and_the_loss_is_told) {
  auto ends = two_ends::pipe();
  const int shared = ::dup(ends.in.get());
  writer log;
  ASSERT_TRUE(log.adopt(std::move(ends.in)));
  EXPECT_EQ(::fcntl(shared, F_GETFL) & O_NONBLOCK, 0) << "others who share the pipe were changed";
  ::close(shared);
  constexpr std::size_t tried = 2000;
  for (std::size_t i = 0; i < tried; ++i) say(log, every("flood"), "{}", std::string(200, 'x'));
  const auto passed = lines_in(ends.drain());
  ASSERT_LT(passed, tried);
  EXPECT_EQ(log.lost(), tried - passed);
  say(log, every("flood"), "room again");
  const auto after = ends.drain();
  EXPECT_NE(after.find("could not be written: " + std::to_string(tried - passed) + "\n"),
            std::string::npos)
      << after;
  EXPECT_NE(after.find("room again\n"), std::string::npos);
  EXPECT_EQ(log.lost(), 0U);
}

TEST(writer, a_full_socket_never_blocks) {
  auto ends = two_ends::sockets();
  writer log;
  ASSERT_TRUE(log.adopt(std::move(ends.in)));
  for (int i = 0; i < 20'000; ++i) say(log, every("flood"), "{}", std::string(200, 'x'));
  EXPECT_GT(log.lost(), 0U);
  (void)ends.drain();
  say(log, every("flood"), "room again");
  EXPECT_NE(ends.drain().find("room again\n"), std::string::npos);
}

TEST(writer, a_reader_that_left_kills_nobody) {
  for (auto ends : {two_ends::pipe, two_ends::sockets}) {
    auto pair = ends();
    writer log;
    ASSERT_TRUE(log.adopt(std::move(pair.in)));
    pair.out.reset();
    say(log, every("gone"), "nobody reads this");
    EXPECT_EQ(log.lost(), 1U);
    sigset_t pending;
    ::sigpending(&pending);
    EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
  }
}

TEST(writer, a_full_disk_is_counted) {
  writer log;
  ASSERT_TRUE(log.adopt(os::descriptor(::open("/dev/full", O_WRONLY | O_CLOEXEC))));
  for (int i = 0; i < 5; ++i) say(log, every("full"), "no room for this");
  EXPECT_EQ(log.lost(), 5U);
  auto ends = two_ends::pipe();
  ASSERT_TRUE(log.adopt(std::move(ends.in)));
  say(log, every("full"), "now there is");
  EXPECT_NE(ends.drain().find("could not be written: 5\n"), std::string::npos);
}

TEST(writer, a_closed_descriptor_is_an_error) {
  writer log;
  EXPECT_TRUE(fails_with(log.adopt(os::descriptor()), EBADF));
}

TEST(writer, reopening_moves_all_later_lines) {
  auto before = two_ends::pipe();
  auto after = two_ends::pipe();
  writer log;
  ASSERT_TRUE(log.adopt(std::move(before.in)));
  say(log, every("line"), "first");
  const int number = log.descriptor_number();
  ASSERT_TRUE(log.adopt(std::move(after.in)));
  EXPECT_EQ(log.descriptor_number(), number);
  say(log, every("line"), "second");
  EXPECT_EQ(lines_in(before.drain()), 1U);
  EXPECT_NE(after.drain().find("second\n"), std::string::npos);
}

TEST(writer, a_kind_passes_so_often_a_second_and_counts_the_rest) {
  auto ends = two_ends::pipe();
  writer log;
  ASSERT_TRUE(log.adopt(std::move(ends.in)));
  constexpr kind trouble("accept failed", 3);
  constexpr std::size_t tried = 300;
  for (std::size_t i = 0; i < tried; ++i) say(log, trouble, "no descriptor is left");
  say(log, every("other"), "another kind is not held back");
  const auto text = ends.drain();
  const auto passed = lines_in(text) - 1;
  EXPECT_GE(passed, 3U);
  EXPECT_LE(passed, 30U);  // were the machine to take ten seconds for 300 lines
  EXPECT_NE(text.find("another kind"), std::string::npos);
  std::string said;
  for (int tries = 0; tries < 100 && said.empty(); ++tries) {
    ::poll(nullptr, 0, 50);  // the limit is one of time: its second must pass
    log.report_held_back();
    said = ends.drain();
  }
  EXPECT_NE(said.find("not every line about 'accept failed' was written (and "), std::string::npos)
      << text << said;
  EXPECT_NE(said.find(" notice "), std::string::npos) << "as important as what it stands for";
}

TEST(writer, the_least_level_is_obeyed) {
  auto ends = two_ends::pipe();
  writer log;
  ASSERT_TRUE(log.adopt(std::move(ends.in)));
  log.set_least_level(level::warning);
  say(log, every("line"), "a notice");
  EXPECT_TRUE(ends.drain().empty());
}

TEST(writer, lines_of_threads_and_children_never_mix) {
  auto ends = two_ends::pipe();
  writer log;
  ASSERT_TRUE(log.adopt(std::move(ends.in)));
  const auto made = os::fork_process();
  ASSERT_TRUE(made);
  if (made->in_child()) {
    for (int i = 0; i < 50; ++i) say(log, every("line"), "<{}>", std::string(100, 'c'));
    os::leave_process(static_cast<int>(log.lost()));
  }
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) say(log, every("line"), "<{}>", std::string(100, 't'));
      });
    }
  }
  int status = -1;
  ASSERT_EQ(::waitpid(made->pid, &status, 0), made->pid);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(log.lost(), 0U);
  const auto text = ends.drain();
  EXPECT_EQ(lines_in(text), 250U);
  const std::regex form(R"([^<\n]* \d+: <(c{100}|t{100})>)");
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos;
       at = end + 1) {
    const auto line = text.substr(at, end - at);
    ASSERT_TRUE(std::regex_match(line, form)) << line;
  }
}

TEST(process_log, goes_where_it_is_told) {
  auto ends = two_ends::pipe();
  ASSERT_TRUE(write_to(std::move(ends.in), "test"));
  info("startup", "listening on {}", "127.0.0.1:7000");
  debug("startup", "not wanted");
  error(every("end"), "and {}", 2);
  const auto text = ends.drain();
  EXPECT_EQ(lines_in(text), 2U);
  EXPECT_NE(text.find(" info "), std::string::npos);
  EXPECT_NE(text.find(" test: listening on 127.0.0.1:7000\n"), std::string::npos);
  ASSERT_TRUE(write_to(os::descriptor(::dup(STDERR_FILENO)), "test"));
}

// A line's rate limit counts seconds of the monotonic clock: a time of day that stands still must
// not hold lines back for ever, and one that jumps must not let a flood through.
TEST(writer, a_frozen_time_of_day_holds_no_line_of_the_log_back) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const os::descriptor out(ends[0]);
  writer log;
  ASSERT_TRUE(log.adopt(os::descriptor(ends[1])));
  os::play_wall_clock([]() noexcept {
    return std::chrono::system_clock::time_point(std::chrono::seconds(2'147'483'648));
  });
  log.write(level::notice, every("test"), "after the last second of 32 bits", {});
  os::play_wall_clock(nullptr);
  std::array<char, 4096> text;
  const auto size = ::read(out.get(), text.data(), text.size());
  ASSERT_GT(size, 0);
  const std::string line(text.data(), static_cast<std::size_t>(size));
  EXPECT_TRUE(line.starts_with("2038-01-19T03:14:08.000Z notice ")) << line;
}

}  // namespace
}  // namespace samjoko::log
