#include <samjoko/services/exec.hpp>

#include <algorithm>
#include <csignal>
#include <samjoko/log/writer.hpp>
#include <samjoko/net/child.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/serve/client_process.hpp>
#include <samjoko/services/ucspi.hpp>

namespace samjoko::services {
namespace {

constexpr milliseconds first_look{5};
constexpr milliseconds longest_between_looks{500};
/// The same time that the master gives the programs of a dead worker.
constexpr milliseconds grace_after_death{5000};

std::string name_of(const result<os::address>& peer) {
  return !peer ? "gone" : peer->is_unix() ? "unix" : peer->text();
}

/// A death by the signal that we sent is no failure.
void report(const std::string& name, pid_t pid, const std::string& peer,
            const result<exit_status>& ended, bool was_told) {
  if (!ended) {
    if (!ended.error().is(ECANCELED))
      log::warning(log::every("exec"), "{} (process {}) of client {}: {}", name, pid, peer,
                   ended.error().sentence());
    return;
  }
  const bool as_told = was_told && ended->how() == os::ending::killed && ended->signal() == SIGTERM;
  if (ended->is_success() || as_told) return;
  log::warning(log::every("exec"), "{} (process {}) of client {} {}", name, pid, peer,
               ended->sentence());
}

/// Takes the socket away from the client's connection: from here on it is the program's.
result<child> start(connection& client, const program& base) {
  auto what = base;
  for (auto& each : ucspi_environment(client.socket())) what.environment.push_back(std::move(each));
  const auto socket = client.release_socket();
  client.close_at_once();
  // The mode belongs to the socket, for every process that has a descriptor of it; most programs
  // expect this one.
  if (auto set = os::set_blocking(socket.get(), true); !set) return failure_of(set);
  what.input = what.output = given_stream(socket.get());
  return child::start(client, what);
}

/// What a program leaves running in its group counts as the program: its client is still connected
/// to it. A stop does not wait for it here: it is left to the master, which tells it to end.
task<> what_it_left_has_ended(connection& client, const child& program) {
  auto pause = first_look;
  while (program.group_lives() && !client.stop_requested()) {
    const bool slept = co_await io::sleep_until(client.loop(), client.loop().deadline_after(pause));
    if (!slept) co_return;
    pause = std::min(2 * pause, longest_between_looks);
  }
}

task<> serve_by(connection& client, const program& base) {
  const auto peer = client.peer();
  auto running = start(client, base);
  if (!running) {
    log::error("exec start", "{}; client {} is closed", running.error().sentence(), name_of(peer));
    co_return;
  }
  auto ended = co_await running->exit_or_stop();
  const bool stops = !ended && ended.error().is(condition::stopping);
  if (stops) {
    static_cast<void>(running->tell_to_end());  // ESRCH: it has just ended
    // The worker keeps the limit of a stop. When the worker has died, this process keeps a shorter
    // one.
    const bool is_left = serve::client_process::has_lost_its_worker();
    const auto until =
        is_left ? client.loop().deadline_after(grace_after_death) : deadline::never();
    ended = co_await running->exit(until);
    if (!ended && ended.error().is(ETIMEDOUT)) {
      log::warning(log::every("exec"),
                   "{} (process {}) of client {} did not end when told: it is killed",
                   base.words.front(), running->pid(), name_of(peer));
      running->kill_family();
      ended = co_await running->exit();
    }
  }
  report(base.words.front(), running->pid(), name_of(peer), ended, stops);
  co_await what_it_left_has_ended(client, *running);
}

}  // namespace

result<service> make_exec(exec_options options) {
  if (options.words.empty())
    return failure(condition::bad_argument, "exec",
                   "exec needs a program: write it at the end, as in 'serve exec -- cat'");
  auto file = os::find_program(options.words.front());
  if (!file) return failure_of(file);
  if (auto fit = os::check_program(*file); !fit) return failure_of(fit);
  program base{.words = std::move(options.words)};
  base.file = std::move(*file);
  base.environment = ucspi_names();
  base.errors = inherited_stream;
  base.ends_with_thread = true;  // the waiting thread: a crash of ours must not leave it behind
  return service{.name = "exec",
                 .handler = [base](connection& client) { return serve_by(client, base); }};
}

}  // namespace samjoko::services
