#include <samjoko/net/child.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <samjoko/base/check.hpp>
#include <samjoko/os/descendants.hpp>
#include <samjoko/os/pidfd.hpp>

namespace samjoko {
namespace {

/// A child is no client: it may take its time.
constexpr connection_limits no_limits{.idle = milliseconds(0),
                                      .write_idle = milliseconds(0),
                                      .minimum_write_rate = 0,
                                      .write_grace = milliseconds(0)};

/// A child that is being ended notices an immediate stop within this time.
constexpr milliseconds look_interval{100};
/// Time between looks at a child that has ended but is held by a debugger.
constexpr milliseconds held_interval{20};

}  // namespace

/// Lives on when its owner has left, until the child is reaped; then it is an operation of the
/// loop.
struct child::life : io::operation {
  life(connection& from, os::started_program made, bool has_group, milliseconds time)
      : loop(from.loop()),
        stop(from.stop()),
        owner(from),
        pid(made.pid),
        own_group(has_group),
        grace(time),
        process(std::move(made.process)) {
    open(input, std::move(made.input));
    open(output, std::move(made.output));
    open(errors, std::move(made.errors));
  }
  void open(std::optional<connection>& stream, os::descriptor pipe) {
    if (pipe) stream.emplace(loop, std::move(pipe), no_limits, stop);
  }

  void try_to_reap() {
    auto got = os::reap(process);
    if (!got) {
      ended = failure_of(got);
    } else if (*got) {
      ended = **got;
    }
  }
  [[nodiscard]] samjoko::result<void> send(int signal) const {
    return own_group ? os::send_signal_to_group(process, pid, signal)
                     : os::send_signal(process, signal);
  }
  void forget_process() noexcept {
    io::operation close;
    close.kind = io::operation_kind::close;
    close.fd = process.release();
    loop.begin(close);
  }

  void begin_end() noexcept;
  void go_on_ending() noexcept;
  [[nodiscard]] bool has_ended() noexcept;
  void kill_family() {
    static constexpr std::array kill{SIGKILL};
    os::signal_descendants(pid, kill, own_group ? pid : 0);
    static_cast<void>(send(SIGKILL));
  }
  [[nodiscard]] bool must_be_killed() const noexcept {
    return stop.level() == stop_level::immediate || kill_at.passed(loop.now());
  }

  io::loop& loop;
  const stop_flag& stop;
  connection& owner;  ///< not to be used when the owner has left
  pid_t pid;
  bool own_group;
  milliseconds grace;
  os::descriptor process;
  std::optional<connection> input, output, errors;
  std::optional<samjoko::result<exit_status>> ended;
  deadline kill_at;
};

class child::waiting_for_exit : public io::until_readable {
 public:
  waiting_for_exit(life& of, deadline end, connection* until_stop) noexcept
      : until_readable(of.loop, of.process.get()), owner_(until_stop) {
    until = end;
  }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    if (owner_ != nullptr) {
      owner_->let_stop_end(stop_);
      result = -ECANCELED;
      if (owner_->stop_requested()) return false;
    }
    return begin(*waiter.promise().context, waiter);
  }
  [[nodiscard]] std::int64_t await_resume() noexcept {
    if (owner_ != nullptr) owner_->take_back(stop_);
    return result;
  }

 private:
  connection* owner_;
  detail::ended_by_stop stop_{this};
};

result<child> child::start(connection& from, const program& what, milliseconds grace) {
  if (!from.loop().is_real()) return failure(EOPNOTSUPP, "start", "a program on a simulated loop");
  auto started = os::start_program(what);
  if (!started) return failure_of(started);
  auto made = std::make_unique<life>(from, std::move(*started), what.own_group, grace);
  return child(std::unique_ptr<life, end>(made.release()));
}

pid_t child::pid() const noexcept { return life_->pid; }

connection& child::input() {
  SAMJOKO_CHECK(life_->input, "its standard input is no pipe");
  return *life_->input;
}
connection& child::output() {
  SAMJOKO_CHECK(life_->output, "its standard output is no pipe");
  return *life_->output;
}
connection& child::errors() {
  SAMJOKO_CHECK(life_->errors, "its standard error is no pipe");
  return *life_->errors;
}

result<void> child::send(int signal) {
  if (life_->ended) return failure(ESRCH, "kill", std::to_string(life_->pid));
  return life_->send(signal);
}

result<void> child::tell_to_end() {
  if (auto sent = send(SIGTERM); !sent) return sent;
  auto continued = send(SIGCONT);
  static constexpr std::array both{SIGTERM, SIGCONT};
  os::signal_descendants(life_->pid, both, life_->own_group ? life_->pid : 0);
  return continued;
}

void child::kill_family() {
  if (!life_->ended) life_->kill_family();
}

bool child::group_lives() const noexcept { return life_->own_group && os::group_lives(life_->pid); }

task<result<exit_status>> child::exit(deadline until) { return wait(*life_, until, nullptr); }
task<result<exit_status>> child::exit_or_stop() {
  return wait(*life_, deadline::never(), &life_->owner);
}

task<result<exit_status>> child::wait(life& of, deadline until, connection* until_stop) {
  const auto& context = co_await this_context();
  while (!of.ended) {
    const auto code = co_await waiting_for_exit(of, until, until_stop);
    if (code < 0) {
      const bool stops = until_stop != nullptr && until_stop->stop_requested();
      if (code == -ECANCELED && stops && !context.cancelled)
        co_return failure(condition::stopping, "wait");
      co_return failure(static_cast<int>(-code), "wait");
    }
    of.try_to_reap();
    if (!of.ended)
      static_cast<void>(co_await io::sleep_until(of.loop, of.loop.deadline_after(held_interval)));
  }
  co_return *of.ended;
}

void child::end::operator()(life* running) const noexcept { running->begin_end(); }

/// From here on only the loop owns it, and counts it as a task.
void child::life::begin_end() noexcept {
  for (auto* each : {&input, &output, &errors}) each->reset();
  loop.task_started();
  fd = process.get();
  complete = [](io::operation& self) noexcept { static_cast<life&>(self).go_on_ending(); };
  kill_at = loop.deadline_after(grace);
  if (!ended) static_cast<void>(send(must_be_killed() ? SIGKILL : SIGTERM));
  if (!ended) static_cast<void>(send(SIGCONT));  // a stopped process does not get SIGTERM
  go_on_ending();
}

void child::life::go_on_ending() noexcept {
  while (!has_ended()) {
    // Readable and yet not reaped: a debugger holds it.
    const bool is_held = kind == io::operation_kind::readable && result == 0;
    kind = is_held ? io::operation_kind::sleep : io::operation_kind::readable;
    until = loop.deadline_after(is_held ? held_interval : look_interval);
    until = std::min(until, kill_at.passed(loop.now()) ? until : kill_at);
    if (loop.begin(*this) == io::start::pending) return;
  }
  forget_process();
  loop.task_ended();
  const std::unique_ptr<life> last(this);
}

bool child::life::has_ended() noexcept {
  if (ended) return true;
  const bool is_dead = kind == io::operation_kind::readable && result == 0;
  if (is_dead) {
    static_cast<void>(send(SIGKILL));  // to what is left of its group
  } else if (must_be_killed()) {
    kill_family();
  }
  if (is_dead || must_be_killed()) try_to_reap();
  return ended.has_value();
}

}  // namespace samjoko
