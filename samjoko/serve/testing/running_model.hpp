#pragma once
// Charter: for tests: one model in a process of its own. The test gives it the orders that a master
// gives a worker, and sees what a client and a master see: sockets, counters, log, processes, exit
// status.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/exit_status.hpp>
#include <samjoko/os/pidfd.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/shared_memory.hpp>
#include <samjoko/os/signals.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/os/subreaper.hpp>
#include <samjoko/serve/model.hpp>
#include <samjoko/serve/testing/test_client.hpp>

namespace samjoko::serve {

/// One cell of the matrix.
struct placement {
  model where;
  spawn how;
  const char* loop;
  const char* name;

  [[nodiscard]] bool is_pool() const { return where != model::multiplex && how == spawn::pool; }
};

inline constexpr placement multiplexed{model::multiplex, spawn::each, "epoll", "multiplex"};
inline constexpr placement thread_for_each{model::thread, spawn::each, "blocking", "thread_each"};
inline constexpr placement pooled_threads{model::thread, spawn::pool, "blocking", "thread_pool"};
inline constexpr placement process_for_each{model::process, spawn::each, "blocking",
                                            "process_each"};
inline constexpr placement pooled_processes{model::process, spawn::pool, "blocking",
                                            "process_pool"};

inline void PrintTo(const placement& which, std::ostream* out) { *out << which.name; }

/// Repeats the test until it holds; for what no descriptor tells.
template <class Predicate>
[[nodiscard]] bool eventually(Predicate is_so) {
  const auto until = patience();
  while (!is_so()) {
    if (until.passed(steady::now())) return false;
    os::poll_until({}, deadline::after(milliseconds(2)));
  }
  return true;
}

struct running_options {
  serve_limits limits = {};
  /// The listener's address. With a unix path the clients connect there.
  std::string listen = "127.0.0.1:0";
  /// Runs in the worker before it serves: limits on resources and the like.
  std::function<void()> prepare{};
  /// The account of a program with several workers, and the number of this one.
  const connection_limiter* account = nullptr;
  std::size_t worker = 1;
  /// The clients start programs that start others. Those have been killed with their group when the
  /// worker ends, but this process has to reap them, and they may take a moment to die.
  bool starts_programs = false;
};

class running_model {
 public:
  running_model(const placement& what, const service& offered, const running_options& options = {})
      : what_(what), starts_programs_(options.starts_programs), counters_(make_counters()) {
    const auto address = os::address::parse(options.listen);
    listener_ = os::listen_on(*address).value();
    address_ = os::local_address(listener_.get()).value();
    log_ = os::descriptor(::memfd_create("log", MFD_CLOEXEC));
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    orders_ = os::descriptor(ends[0]);
    os::descriptor theirs(ends[1]);
    EXPECT_TRUE(os::become_subreaper());
    ++running;
    const auto forked = os::fork_process();
    EXPECT_TRUE(forked);
    if (forked->in_child()) be_worker(offered, options, std::move(theirs));
    pid_ = forked->pid;
    ::setpgid(pid_, pid_);  // the parent and the child both call it
    process_ = os::open_pidfd(pid_).value();
    listener_.reset();  // the worker's copy counts
  }
  running_model(const running_model&) = delete;
  running_model& operator=(const running_model&) = delete;
  ~running_model() {
    if (pid_ == 0) return;
    EXPECT_TRUE(::testing::Test::HasFailure()) << "the model was left running";
    ::kill(-pid_, SIGKILL);
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
    running = 0;
  }

  [[nodiscard]] test_client connect() const { return test_client(address_); }
  [[nodiscard]] const os::address& address() const { return address_; }
  [[nodiscard]] scoreboard::counters& counts() const { return counters_.cells().front(); }
  [[nodiscard]] pid_t pid() const { return pid_; }

  void stop(stop_level level) const {
    const char order = level == stop_level::graceful ? 'g' : 'i';
    ASSERT_EQ(::write(orders_.get(), &order, 1), 1);
  }
  void lose_master() { orders_.reset(); }

  /// Stops the worker and all its processes until thaw(); what comes meanwhile stays in the kernel.
  void freeze() const {
    ::kill(-pid_, SIGSTOP);
    ASSERT_TRUE(eventually([&] { return state_of(pid_) == 'T'; }));
    // A process that was just ending stays a zombie: the process that would reap it is stopped.
    for (const auto child : children())
      ASSERT_TRUE(eventually([&] { return std::string_view("TZX").contains(state_of(child)); }));
  }
  void thaw() const { ::kill(-pid_, SIGCONT); }
  /// Whether the worker and all its processes wait for something.
  [[nodiscard]] bool family_sleeps() const {
    return eventually([&] {
      auto family = children();
      family.push_back(pid_);
      return std::ranges::all_of(family, [](pid_t each) { return state_of(each) == 'S'; });
    });
  }

  /// The living processes that the worker forked.
  [[nodiscard]] std::vector<pid_t> children() const { return children_of(pid_); }
  /// How many run beside the main thread of the model: its processes, or its threads.
  [[nodiscard]] std::size_t members() const {
    if (what_.where == model::process) return children().size();
    const std::filesystem::path tasks("/proc/" + std::to_string(pid_) + "/task");
    std::size_t threads = 0;
    std::error_code gone;
    for (auto each = std::filesystem::directory_iterator(tasks, gone);
         each != std::filesystem::directory_iterator(); each.increment(gone)) {
      // While the main thread starts another thread, its signal mask is like that of the others.
      const bool is_main = each->path().filename() == std::to_string(pid_);
      threads += !is_main && serves_clients(each->path()) ? 1 : 0;
    }
    return threads;
  }
  [[nodiscard]] bool serves_nobody() const {
    return eventually([&] { return counts().open.load() == 0; });
  }

  [[nodiscard]] std::string log() const {
    std::string text(1 << 20, '\0');
    const auto count = ::pread(log_.get(), text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return text;
  }
  [[nodiscard]] bool logs(std::string_view part) const {
    return eventually([&] { return log().find(part) != std::string::npos; });
  }

  /// Expects that the worker ends by itself with success, that its counters are right, and that
  /// none of its processes is left.
  void expect_end() {
    if (!os::wait_readable(process_.get(), patience())) {
      ADD_FAILURE() << "it does not end; log:\n" << log();
      return;
    }
    int status = -1;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    EXPECT_EQ(os::exit_status::from_wait(status), os::exit_status::exited(0)) << log();
    pid_ = 0;
    // With another model running in this test, its worker is a child that may live.
    if (--running == 0) {
      if (starts_programs_) static_cast<void>(eventually([] { return !reap_one(); }));
      EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a process outlived its worker";
    }
    EXPECT_EQ(counts().open.load(), 0) << "clients that are gone are counted as open";
  }
  void stop_and_expect_end() {
    stop(stop_level::graceful);
    expect_end();
  }
  /// After another worker was killed in this test: its processes are now children of the test and
  /// end with their clients.
  [[nodiscard]] bool is_the_only_child() const {
    return eventually([&] {
      const auto left = children_of(::getpid());
      for (const auto each : left) {
        if (each != pid_) ::waitpid(each, nullptr, WNOHANG);
      }
      return left == std::vector{pid_};
    });
  }
  /// Kills the worker as the kernel does when memory runs out. Its processes have to notice.
  void kill_worker() {
    ::kill(pid_, SIGKILL);
    EXPECT_TRUE(eventually([&] { return ::waitpid(pid_, nullptr, WNOHANG) == pid_; }));
    pid_ = 0;
    if (--running > 0) return;  // a child may be the worker of another model in this test
    EXPECT_TRUE(eventually([] { return ::waitpid(-1, nullptr, WNOHANG) == -1; }))
        << "processes outlived their worker";
  }

 private:
  static inline int running = 0;

  /// Whether there is another child, dead or alive.
  static bool reap_one() { return ::waitpid(-1, nullptr, WNOHANG) >= 0; }

  static std::vector<pid_t> children_of(pid_t parent) {
    const auto number = std::to_string(parent);
    std::ifstream list("/proc/" + number + "/task/" + number + "/children");
    std::vector<pid_t> found;
    for (pid_t each = 0; list >> each;) found.push_back(each);
    return found;
  }
  static os::shared_cells<scoreboard::counters> make_counters() {
    return os::shared_cells<scoreboard::counters>::make(1).value();
  }
  /// Whether it is a thread of the model: such a thread blocks SIGTERM and can be interrupted.
  /// Threads that tools add to a process block everything.
  static bool serves_clients(const std::filesystem::path& task) {
    std::ifstream status(task / "status");
    for (std::string word; status >> word;) {
      if (word != "SigBlk:") continue;
      std::uint64_t blocked = 0;
      status >> std::hex >> blocked;
      const auto bit = [](int signal) { return std::uint64_t{1} << (signal - 1); };
      return (blocked & bit(SIGTERM)) != 0 && (blocked & bit(SIGRTMIN + 3)) == 0;
    }
    return false;
  }
  static char state_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    const auto name_ends = text.rfind(") ");
    return name_ends == std::string::npos ? 'X' : text[name_ends + 2];
  }

  [[noreturn]] void be_worker(const service& offered, const running_options& options,
                              os::descriptor theirs) {
    ::setpgid(0, 0);
    os::close_all_except({theirs.get(), listener_.get(), log_.get()});
    if (!log::write_to(std::move(log_), "model")) os::leave_process(99);
    if (!os::ignore_signal(SIGPIPE)) os::leave_process(98);
    if (options.prepare) options.prepare();
    auto signals = os::signal_queue::open({SIGCHLD}).value();
    auto both = os::watch_together({theirs.get(), signals.descriptor()}).value();
    leave_unless(os::set_blocking(theirs.get(), false).has_value());
    auto highest = stop_level::none;
    orders from_master{.descriptor = both.get(),
                       .take = [&] { return take(theirs, signals, both, highest); }};
    const int listener = listener_.get();
    workload work{.offered = offered,
                  .listeners = {&listener, 1},
                  .limits = options.limits,
                  .from_master = from_master,
                  .counts = counts(),
                  .account = options.account,
                  .worker = options.worker,
                  .let_go = [this](int) { listener_.reset(); }};
    const auto ran = run(what_.where, what_.how, work);
    os::leave_process(ran ? 0 : 3);
  }
  static void leave_unless(bool good) {
    if (!good) os::leave_process(97);
  }

  static order_news take(os::descriptor& from, os::signal_queue& signals,
                         const os::descriptor& together, stop_level& highest) {
    for (;;) {
      char order = 0;
      const auto count = from ? ::read(from.get(), &order, 1) : -1;
      if (count == 0) {  // the master is gone
        os::watch_no_more(together, from.get());
        from.reset();
        highest = std::max(highest, stop_level::graceful);
      }
      if (count <= 0) break;
      highest = std::max(highest, order == 'g' ? stop_level::graceful : stop_level::immediate);
    }
    return {.stop = highest, .children_ended = !signals.take().empty()};
  }

  placement what_;
  bool starts_programs_;
  os::shared_cells<scoreboard::counters> counters_;
  os::descriptor listener_, log_, orders_, process_;
  os::address address_;
  pid_t pid_ = 0;
};

}  // namespace samjoko::serve
