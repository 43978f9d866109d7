// The real master on a kernel that is simulated from a seed. A seed that fails is printed.
// SAMJOKO_SEED=N runs it again alone, with the same result.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cstdlib>
#include <memory>
#include <string>

#include <samjoko/log/writer.hpp>
#include <samjoko/supervise/master.hpp>
#include <samjoko/supervise/testing/running_service.hpp>
#include <samjoko/supervise/testing/simulated_kernel.hpp>

namespace samjoko::supervise {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* said = std::getenv(variable);
  return said == nullptr ? otherwise : std::strtoull(said, nullptr, 10);
}

/// The runs log thousands of deaths; the lines are of use only when one seed runs alone.
class silence {
 public:
  silence() {
    if (number_from("SAMJOKO_SEED", 0) == 0)
      log::process_log().set_least_level(static_cast<log::level>(99));
  }
  ~silence() { log::process_log().set_least_level(log::level::info); }
  silence(const silence&) = delete;
  silence& operator=(const silence&) = delete;
};

/// One for each group: the end of a pipe. Its other end shows when the last holder has closed it.
struct watched_listeners {
  std::vector<pipe_ends> pipes;

  [[nodiscard]] bool is_open(std::size_t group) const {
    pollfd asked{pipes.at(group).out.get(), POLLIN, 0};
    return ::poll(&asked, 1, 0) == 0;
  }
};

struct outcome {
  std::string wrong;  ///< empty: all was as it must be
  int code = -1;
  std::uint64_t trace = 0;
};

plan_settings some_plan(std::uint64_t seed) {
  seeded random(seed * 7919);
  plan_settings plan;
  plan.workers.clear();
  for (auto groups = 1 + random.below(2); groups > 0; --groups)
    plan.workers.push_back(1 + random.below(3));
  plan.most_workers = 8;
  plan.boot_limit = milliseconds(random.one_in(2) ? 2000 : 30'000);
  plan.drain_limit = milliseconds(random.one_in(2) ? 1000 : 30'000);
  if (random.one_in(2)) plan.replace_burst = plan.replace_rate = 2;
  return plan;
}

template <class Kernel = simulated_kernel>
outcome simulate(std::uint64_t seed) {
  const auto plan = some_plan(seed);
  auto board = scoreboard::worker_slots::make(plan.most_workers);
  EXPECT_TRUE(board);
  Kernel kernel(seed, plan, *board);
  watched_listeners listeners;
  master_settings settings;
  settings.plan = plan;
  settings.counters = &*board;
  settings.figures = [&kernel](std::size_t slot) { return kernel.figures_of(slot); };
  for (std::size_t group = 0; group < plan.workers.size(); ++group) {
    auto& pipe = listeners.pipes.emplace_back();
    settings.listeners.emplace_back(std::move(pipe.in), "", group);
    settings.group_names.emplace_back("group");
  }
  kernel.rules.has_listener = [&](std::size_t slot) {
    std::size_t group = 0;
    for (std::size_t first = 0; group < plan.workers.size(); first += plan.workers[group++])
      if (slot < first + plan.workers[group]) return listeners.is_open(group);
    return listeners.is_open(0) || listeners.is_open(plan.workers.size() - 1);
  };
  outcome seen;
  try {
    seen.code = run_master(kernel, std::move(settings), [](worker&) { return 9; });
    kernel.rules.finished(seen.code, kernel.time());
    if (kernel.has_children()) throw broken("a process is left");
    for (std::size_t group = 0; group < plan.workers.size(); ++group)
      if (listeners.is_open(group)) throw broken("a listener is left open");
  } catch (const broken& wrong) {
    seen.wrong = wrong.what();
  }
  seen.trace = kernel.trace();
  return seen;
}

TEST(master_simulation, holds_whatever_happens) {
  const silence quiet;
  const auto only = number_from("SAMJOKO_SEED", 0);
  const auto seeds = number_from("SAMJOKO_SEEDS", 10'000);
  std::array<int, 256> codes{};
  for (auto seed = only == 0 ? 1 : only; seed <= (only == 0 ? seeds : only); ++seed) {
    const auto seen = simulate(seed);
    ASSERT_EQ(seen.wrong, "") << "seed " << seed << "; again by SAMJOKO_SEED=" << seed;
    ++codes.at(static_cast<std::size_t>(seen.code));
  }
  if (only != 0) return;
  for (const int code : {exit_clean, exit_could_not_start, exit_do_not_restart})
    EXPECT_GT(codes.at(static_cast<std::size_t>(code)), 0) << "no run ended by " << code;
  RecordProperty("clean", codes[0]);
  RecordProperty("could not start", codes[exit_could_not_start]);
  RecordProperty("asked for no more", codes[exit_do_not_restart]);
}

TEST(master_simulation, a_seed_is_the_same_course_each_time) {
  const silence quiet;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto first = simulate(seed);
    const auto second = simulate(seed);
    ASSERT_EQ(first.trace, second.trace) << "seed " << seed;
    ASSERT_EQ(first.code, second.code);
    ASSERT_NE(first.trace, simulate(seed + 1).trace);
  }
}

// --- bugs planted between master and kernel, to see that the simulation finds them
// ----------------

/// Acts as a master that calls waitpid once for each SIGCHLD.
struct one_wait_per_signal : simulated_kernel {
  using simulated_kernel::simulated_kernel;
  std::span<const os::signal_notice> take_signals() override {
    const auto taken = simulated_kernel::take_signals();
    for (const auto& each : taken) may_wait_ = may_wait_ || each.signal == SIGCHLD;
    return taken;
  }
  std::optional<os::waited> wait_any() override {
    if (!std::exchange(may_wait_, false)) return std::nullopt;
    return simulated_kernel::wait_any();
  }
  bool may_wait_ = false;
};

/// Acts as a master that does not arm a timer, now and then.
struct forgets_a_timer : simulated_kernel {
  using simulated_kernel::simulated_kernel;
  void wait(std::vector<pollfd>& for_these, deadline until) override {
    simulated_kernel::wait(for_these, random.one_in(50) ? deadline::never() : until);
  }
};

/// Acts as a master that arms its timers too late.
struct oversleeps : simulated_kernel {
  using simulated_kernel::simulated_kernel;
  void wait(std::vector<pollfd>& for_these, deadline until) override {
    const auto late = until.is_never() ? until : deadline(until.at() + milliseconds(400));
    simulated_kernel::wait(for_these, late);
  }
};

/// Acts as a master that remembers the pid of a worker beyond its end.
struct kills_by_an_old_number : simulated_kernel {
  using simulated_kernel::simulated_kernel;
  std::optional<os::waited> wait_any() override {
    auto told = simulated_kernel::wait_any();
    if (told && told->status.is_end()) last_ = told->pid;
    return told;
  }
  result<void> kill(pid_t pid, const os::descriptor& handle, int signal) override {
    return simulated_kernel::kill(last_ == 0 ? pid : last_, handle, signal);
  }
  pid_t last_ = 0;
};

/// Acts as a master that takes one child's status for another's.
struct mixes_up_statuses : simulated_kernel {
  using simulated_kernel::simulated_kernel;
  std::optional<os::waited> wait_any() override {
    auto told = simulated_kernel::wait_any();
    if (told && told->status.is_end()) std::swap(told->status, last_);
    return told;
  }
  os::exit_status last_ = os::exit_status::exited(0);
};

/// Acts as a master that does not know of the clients that its workers took.
struct forgets_clients : simulated_kernel {
  using simulated_kernel::simulated_kernel;
  [[nodiscard]] static slot_figures figures_of(std::size_t) { return {}; }
};

/// The first seed that fails, and how; it must fail the same way twice.
template <class Planted>
std::string first_wrong() {
  const silence quiet;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    const auto seen = simulate<Planted>(seed);
    if (seen.wrong.empty()) continue;
    const auto again = simulate<Planted>(seed);
    EXPECT_EQ(again.wrong, seen.wrong) << "seed " << seed << " does not replay";
    EXPECT_EQ(again.trace, seen.trace) << "seed " << seed << " does not replay";
    return seen.wrong;
  }
  return "";
}

TEST(master_simulation, finds_one_wait_per_signal) {
  EXPECT_EQ(first_wrong<one_wait_per_signal>(), "a zombie is left although its SIGCHLD was taken");
}
TEST(master_simulation, finds_a_forgotten_timer) {
  EXPECT_EQ(first_wrong<forgets_a_timer>(), "a timer is forgotten");
}
TEST(master_simulation, finds_a_late_timer) { EXPECT_NE(first_wrong<oversleeps>(), ""); }
TEST(master_simulation, finds_a_kill_by_a_number_that_is_anothers) {
  const auto wrong = first_wrong<kills_by_an_old_number>();
  EXPECT_TRUE(wrong.find("is no child any more") != std::string::npos ||
              wrong.find("was not told to stop before") != std::string::npos)
      << wrong;
}
TEST(master_simulation, finds_that_clients_are_forgotten) {
  EXPECT_NE(first_wrong<forgets_clients>(), "");
}
TEST(master_simulation, finds_a_status_that_is_anothers) {
  EXPECT_NE(first_wrong<mixes_up_statuses>(), "");
}

}  // namespace
}  // namespace samjoko::supervise
