#include <samjoko/os/program.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <samjoko/os/pidfd.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/signals.hpp>

namespace samjoko::os {
namespace {

deadline patience() { return deadline::after(std::chrono::seconds(60)); }

program shell(const char* script) { return {.words = {"sh", "-c", script}}; }

/// Waits until the program has ended.
exit_status end_of(const started_program& started) {
  EXPECT_TRUE(wait_readable(started.process.get(), patience()));
  const auto got = reap(started.process);
  EXPECT_TRUE(got && *got) << (got ? "it cannot be reaped" : got.error().sentence());
  return got && *got ? **got : exit_status::killed(SIGKILL);
}

std::string read_all(const descriptor& pipe) {
  std::string all;
  char some[4096];
  while (wait_readable(pipe.get(), patience())) {
    const auto count = ::read(pipe.get(), some, sizeof some);
    if (count <= 0) break;
    all.append(some, static_cast<std::size_t>(count));
  }
  return all;
}

/// What the program writes, when it ends well.
std::string output_of(program what) {
  what.output = pipe_stream;
  const auto started = start_program(what);
  EXPECT_TRUE(started) << started.error().sentence();
  if (!started) return {};
  auto text = read_all(started->output);
  EXPECT_TRUE(end_of(*started).is_success());
  return text;
}

bool has_no_children() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

class folder {
 public:
  folder() {
    auto name = std::string("/tmp/samjoko-program-XXXXXX");
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const char* name, const char* content, mode_t mode) const {
    const auto path = path_ + "/" + name;
    std::ofstream(path) << content;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(program, its_exit_status_is_told) {
  const auto three = start_program(shell("exit 3"));
  ASSERT_TRUE(three) << three.error().sentence();
  EXPECT_EQ(end_of(*three), exit_status::exited(3));
  const auto killed = start_program(shell("kill -KILL $$"));
  ASSERT_TRUE(killed);
  EXPECT_EQ(end_of(*killed), exit_status::killed(SIGKILL));
  EXPECT_TRUE(has_no_children());
}

TEST(program, one_that_runs_has_no_status_yet) {
  auto waits = shell("read line");
  waits.input = pipe_stream;
  auto started = start_program(waits);
  ASSERT_TRUE(started);
  const auto early = reap(started->process);
  ASSERT_TRUE(early);
  EXPECT_FALSE(early->has_value());
  started->input.reset();
  EXPECT_EQ(end_of(*started), exit_status::exited(1));
}

struct refusal {
  const char* what;
  program wanted;
  const char* call;
  int code;
};

TEST(program, what_cannot_be_started_says_which_step_failed_and_leaves_nothing) {
  const folder here;
  const auto plain = here.file("plain", "text", 0644);
  const auto no_format =
      here.file("no_format", "text without a first line for an interpreter", 0755);
  const auto no_interpreter = here.file("no_interpreter", "#!/nowhere/sh\n", 0755);
  auto elsewhere = shell("true");
  elsewhere.directory = "/nowhere/at/all";
  auto limited = shell("true");
  limited.limits = {{.resource = 9999, .most = 1}};
  auto closed = shell("true");
  closed.output = given_stream(-1);
  const refusal all[] = {
      {"missing", {.words = {"/nowhere/program"}}, "execve", ENOENT},
      {"missing in PATH", {.words = {"samjoko-no-such-program"}}, "execve", ENOENT},
      {"a directory", {.words = {"/tmp"}}, "execve", EACCES},
      {"not executable", {.words = {plain}}, "execve", EACCES},
      {"no program", {.words = {no_format}}, "execve", ENOEXEC},
      {"no interpreter", {.words = {no_interpreter}}, "execve", ENOENT},
      {"no directory", elsewhere, "chdir", ENOENT},
      {"no such limit", limited, "setrlimit", EINVAL},
      {"no such descriptor", closed, "dup", EBADF},
      {"no words", {.words = {}}, "execve", EINVAL},
      {"a word with a NUL", {.words = {std::string("a\0b", 3)}}, "execve", EINVAL},
  };
  for (const auto& each : all) {
    const auto started = start_program(each.wanted);
    ASSERT_FALSE(started) << each.what;
    EXPECT_STREQ(started.error().call(), each.call) << each.what;
    EXPECT_TRUE(started.error().is(each.code)) << each.what << ": " << started.error().sentence();
    EXPECT_TRUE(has_no_children()) << each.what;
  }
  EXPECT_EQ(start_program(elsewhere).error().sentence(),
            "chdir /nowhere/at/all: No such file or directory");
}

TEST(program, pipes_carry_both_ways) {
  program cat{.words = {"cat"}};
  cat.input = cat.output = pipe_stream;
  auto started = start_program(cat);
  ASSERT_TRUE(started);
  EXPECT_EQ(::write(started->input.get(), "there", 5), 5);
  started->input.reset();
  EXPECT_EQ(read_all(started->output), "there");
  EXPECT_TRUE(end_of(*started).is_success());
}

TEST(program, standard_error_is_apart_or_given) {
  auto speaks = shell("echo out; echo err >&2; cat /dev/stdin");
  speaks.output = pipe_stream;
  speaks.errors = pipe_stream;  // and its input is null, also when opened by name
  const auto started = start_program(speaks);
  ASSERT_TRUE(started);
  EXPECT_EQ(read_all(started->output), "out\n");
  EXPECT_EQ(read_all(started->errors), "err\n");
  EXPECT_TRUE(end_of(*started).is_success());
  const descriptor file(::memfd_create("given", MFD_CLOEXEC));
  auto into = shell("echo one; echo two >&2");
  into.output = into.errors = given_stream(file.get());
  const auto second = start_program(into);
  ASSERT_TRUE(second);
  EXPECT_TRUE(end_of(*second).is_success());
  char text[16] = {};
  EXPECT_EQ(::pread(file.get(), text, sizeof text, 0), 8);
  EXPECT_STREQ(text, "one\ntwo\n");
}

// The end of a pipe that has a number below 3 would be overwritten before it is put in its place.
TEST(program, works_where_the_standard_streams_are_closed) {
  const auto made = fork_process();
  ASSERT_TRUE(made);
  if (made->in_child()) {
    for (const int each : {0, 1, 2}) ::close(each);
    program cat{.words = {"cat"}};
    cat.input = cat.output = pipe_stream;
    cat.errors = null_stream;
    auto started = start_program(cat);
    if (!started) leave_process(1);
    if (::write(started->input.get(), "there", 5) != 5) leave_process(2);
    started->input.reset();
    leave_process(read_all(started->output) == "there" ? 0 : 3);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(made->pid, &status, 0), made->pid);
  EXPECT_EQ(status, 0);
}

TEST(program, its_environment_is_ours_with_changes_or_none_of_it) {
  ::setenv("SAMJOKO_A", "ours", 1);
  ::setenv("SAMJOKO_B", "ours", 1);
  auto what = shell("echo $SAMJOKO_A $SAMJOKO_B ${PATH:+path} $SAMJOKO_C");
  what.environment = {"SAMJOKO_A=first", "SAMJOKO_B", "SAMJOKO_A=last", "SAMJOKO_C=a=b"};
  EXPECT_EQ(output_of(what), "last path a=b\n");
  program env{.words = {"env"}};
  env.environment = {"ONLY=this"};
  env.clean_environment = true;
  EXPECT_EQ(output_of(env), "ONLY=this\n");
  ::unsetenv("SAMJOKO_A");
  ::unsetenv("SAMJOKO_B");
}

TEST(program, starts_in_its_directory) {
  program pwd{.words = {"pwd", "-P"}};
  pwd.directory = "/usr/share";
  EXPECT_EQ(output_of(pwd), "/usr/share\n");
}

TEST(program, has_no_descriptor_of_ours) {
  const descriptor leaky(::open("/dev/null", O_RDONLY));  // not close-on-exec, on purpose
  const descriptor high(::fcntl(leaky.get(), F_DUPFD, 200));
  EXPECT_EQ(output_of({.words = {"ls", "/proc/self/fd"}}), "0\n1\n2\n3\n");  // 3: the folder
}

TEST(program, limits_hold) {
  auto what = shell("ulimit -n; ulimit -c");
  what.limits = {{.resource = RLIMIT_NOFILE, .most = 33}, {.resource = RLIMIT_CORE, .most = 0}};
  EXPECT_EQ(output_of(what), "33\n0\n");
  auto burns = shell("while :; do :; done");
  burns.limits = {{.resource = RLIMIT_CPU, .most = 1}};
  const auto started = start_program(burns);
  ASSERT_TRUE(started);
  EXPECT_EQ(end_of(*started), exit_status::killed(SIGKILL));  // soft and hard are the same
}

void ignore_by_hand(int signal, bool yes) {
  struct sigaction action = {};
  action.sa_handler = yes ? SIG_IGN : SIG_DFL;
  ::sigaction(signal, &action, nullptr);
}

// Ignored signals and the mask survive exec: with SIGPIPE ignored a program writes on for ever.
TEST(program, begins_with_default_signals_and_an_empty_mask) {
  ignore_by_hand(SIGPIPE, true);
  ignore_by_hand(SIGHUP, true);
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigaddset(&blocked, SIGRTMIN + 7);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto text = output_of({.words = {"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}});
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ignore_by_hand(SIGPIPE, false);
  ignore_by_hand(SIGHUP, false);
  EXPECT_EQ(text, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

std::atomic<int> handled = 0;

// The child shares our memory until it executes: a handler of ours would run there on it.
TEST(program, no_handler_of_ours_runs_in_the_child) {
  ASSERT_TRUE(install_handler(SIGUSR2, [](int, siginfo_t*, void*) { handled.fetch_add(1); }, 0));
  for (int round = 0; round < 20; ++round) {
    auto what = shell("kill -USR2 $$; exit 0");  // the default action ends it
    const auto started = start_program(what);
    ASSERT_TRUE(started);
    EXPECT_EQ(end_of(*started), exit_status::killed(SIGUSR2));
  }
  EXPECT_EQ(handled.load(), 0);
  ASSERT_TRUE(ignore_signal(SIGUSR2));  // the library has no handler for it any more
  ignore_by_hand(SIGUSR2, false);
}

TEST(program, leads_a_group_of_its_own_or_stays_in_ours) {
  auto what = shell("cut -d' ' -f5 /proc/$$/stat");
  what.output = pipe_stream;
  const auto started = start_program(what);
  ASSERT_TRUE(started);
  EXPECT_EQ(read_all(started->output), std::to_string(started->pid) + "\n");
  EXPECT_TRUE(end_of(*started).is_success());
  what.own_group = false;
  EXPECT_EQ(output_of(what), std::to_string(::getpgrp()) + "\n");
}

TEST(program, a_signal_to_its_group_ends_what_it_started_too) {
  auto what = shell("sleep 1000 & echo $!; wait");
  what.output = pipe_stream;
  const auto started = start_program(what);
  ASSERT_TRUE(started);
  ASSERT_TRUE(wait_readable(started->output.get(), patience()));
  ASSERT_TRUE(send_signal_to_group(started->process, started->pid, SIGKILL));
  EXPECT_EQ(end_of(*started), exit_status::killed(SIGKILL));
  EXPECT_FALSE(read_all(started->output).empty());  // its end: both writers are gone
  EXPECT_TRUE(send_signal_to_group(started->process, started->pid, SIGKILL).error().is(ESRCH));
}

TEST(program, ends_with_the_thread_that_started_it_when_asked) {
  program waits{.words = {"sleep", "1000"}};
  waits.ends_with_thread = true;
  result<started_program> started = failure(EINVAL, "not started");
  std::jthread([&] { started = start_program(waits); }).join();
  ASSERT_TRUE(started);
  EXPECT_EQ(end_of(*started), exit_status::killed(SIGTERM));
}

TEST(program, two_hundred_from_four_threads_each_with_its_own_status) {
  std::atomic<int> right = 0;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int number = 0; number < 50; ++number) {
        const int code = thread * 50 + number;
        auto what = shell("read line; exit $line");
        what.input = pipe_stream;
        auto started = start_program(what);
        if (!started) continue;
        const auto line = std::to_string(code) + "\n";
        if (::write(started->input.get(), line.data(), line.size()) < 0) continue;
        right += end_of(*started) == exit_status::exited(code) ? 1 : 0;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(right.load(), 200);
  EXPECT_TRUE(has_no_children());
}

TEST(reap, is_an_error_when_another_waiter_was_first) {
  const auto started = start_program(shell("exit 3"));
  ASSERT_TRUE(started);
  int status = 0;
  ASSERT_EQ(::waitpid(-1, &status, 0), started->pid);
  const auto got = reap(started->process);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().sentence(), "wait status taken by another waiter: No child processes");
}

TEST(reap, is_an_error_while_sigchld_is_ignored) {
  ignore_by_hand(SIGCHLD, true);
  const auto started = start_program(shell("exit 3"));
  ASSERT_TRUE(started);
  ASSERT_TRUE(wait_readable(started->process.get(), patience()));
  result<std::optional<exit_status>> got = std::nullopt;
  while (got && !*got) got = reap(started->process);
  ignore_by_hand(SIGCHLD, false);
  ASSERT_FALSE(got);
  EXPECT_TRUE(got.error().is(ECHILD));
}

TEST(find_program, looks_through_the_path) {
  EXPECT_TRUE(find_program("sh")->ends_with("/sh"));
  EXPECT_EQ(*find_program("/bin/sh"), "/bin/sh");
  EXPECT_TRUE(find_program("samjoko-no-such-program").error().is(ENOENT));
  EXPECT_TRUE(find_program("/tmp").error().is(EACCES));
  EXPECT_TRUE(find_program("").error().is(ENOENT));
}

}  // namespace
}  // namespace samjoko::os
