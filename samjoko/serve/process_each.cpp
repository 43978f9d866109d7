// A process for each client: accept, fork, and reap (man 2 fork, man 2 waitpid). The parent never
// serves; the child serves one client by blocking and leaves with _exit.

#include <cerrno>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/children.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/serve/accept_loop.hpp>
#include <samjoko/serve/admission.hpp>
#include <samjoko/serve/client_deaths.hpp>
#include <samjoko/serve/client_process.hpp>
#include <samjoko/serve/model.hpp>
#include <unordered_map>
#include <utility>
#include <vector>

namespace samjoko::serve {
namespace {

/// A child is remembered with the seats of its client.
std::uint64_t tag_of(seats held) { return std::uint64_t{held.in_all} << 32 | held.of_peer; }
seats seats_of(std::uint64_t tag) {
  return {.in_all = static_cast<std::uint32_t>(tag >> 32),
          .of_peer = static_cast<std::uint32_t>(tag)};
}

class process_each {
 public:
  explicit process_each(workload& work)
      : work_(work), admission_(work), room_(work, nullptr), deaths_(work), kept_{-1, -1} {
    kept_.insert(kept_.end(), work.offered.keeps_open.begin(), work.offered.keeps_open.end());
  }

  void run() {
    os::check_single_threaded();
    client_process::prepare();
    work_.account->keep_from_children();  // the parent counts for the children
    deaths_.keep_from_children();
    while (!room_.stop().requested()) {
      if (wait(true, -1).clients)
        room_.for_each_ready([this](int listener) { accept_all(listener); });
    }
    drain_backlog();
    // Clients that come from now on are refused, or go to a successor, however long the last client
    // stays.
    for (const int listener : work_.listeners) work_.close(listener);
    stop_clients();
  }

 private:
  accept_loop::news wait(bool for_clients, int timeout_ms) {
    const auto news = room_.wait(for_clients, deaths_.longest_wait(timeout_ms, !children_.empty()));
    deaths_.watch_memory();
    if (news.children_ended) reap();
    return news;
  }

  void reap() {
    constexpr auto role = postmortem::death_role::client_process;
    deaths_.reap(children_, role, [this](const os::children::report& dead) {
      if (dead.known) admission_.leave(seats_of(dead.tag));
      told_.erase(dead.pid);
      deaths_.add(dead, role, room_.stop().requested());
    });
  }

  /// Accepts clients. While stopping it accepts until no client waits, and then returns true.
  bool accept_all(int listener) {
    const bool stops = room_.stop().requested();
    for (int count = 0; stops || count < accepted_per_round; ++count) {
      scoreboard::peer_name peer;
      const int number = accept_now(listener, true, &peer);
      if (number == -EAGAIN) return true;
      if (number >= 0) {
        serve(os::descriptor(number), peer);
      } else if (!pause(pause_after("accept", -number, work_.counts))) {
        return false;
      }
    }
    return false;
  }

  /// Our kernel has already accepted the clients in the backlog: they are served, not reset.
  void drain_backlog() {
    while (room_.stop().level() != stop_level::immediate) {
      bool nobody_waits = true;
      for (const int listener : work_.listeners)
        nobody_waits = accept_all(listener) && nobody_waits;
      if (nobody_waits) return;
      tell_clients();  // their ends make room
    }
  }

  /// Reaps meanwhile. False when it is better to look at everything again.
  bool pause(milliseconds time) {
    if (time == milliseconds(0)) return true;
    wait(false, static_cast<int>(time.count()));
    return false;
  }

  /// Keeps trying until there is room for the process: the client is admitted and is not dropped.
  void serve(os::descriptor socket, const scoreboard::peer_name& peer) {
    seats taken;
    if (!admission_.admit(socket.get(), taken)) return;
    while (room_.stop().level() != stop_level::immediate) {
      const auto child = os::fork_process(os::child_mask::blocked);
      if (child && child->in_child()) be_client_process(std::move(socket), peer);
      if (child) {
        children_.add(child->pid, tag_of(taken));
        return;
      }
      pause(pause_after("fork", child.error().code(), work_.counts));
      if (room_.stop().requested()) tell_clients();  // their ends make room
    }
    admission_.leave(taken);
  }

  [[noreturn]] void be_client_process(os::descriptor socket, const scoreboard::peer_name& peer) {
    kept_[0] = socket.get();
    kept_[1] = log::process_log().descriptor_number();
    os::close_all_except(kept_);
    {
      client_process here(work_);
      here.serve(std::move(socket), peer);
    }
    os::leave_process(0);
  }

  /// Tells the children that have not heard of the stop yet.
  void tell_clients() {
    const auto level = room_.stop().level();
    const int signal = level == stop_level::immediate ? immediate_signal() : graceful_signal;
    children_.for_each([&](pid_t pid, std::uint64_t) {
      if (std::exchange(told_[pid], level) != level) static_cast<void>(children_.send(pid, signal));
    });
  }

  void stop_clients() {
    while (!children_.empty()) {
      tell_clients();
      wait(false, 1000);
      reap();
    }
  }

  workload& work_;
  admission admission_;
  accept_loop room_;
  os::children children_;
  client_deaths deaths_;
  std::unordered_map<pid_t, stop_level> told_;
  std::vector<int> kept_;  ///< in a child: its client, the log, the service's descriptors
};

}  // namespace

result<void> run_process_each(workload& work) {
  for (const int listener : work.listeners) {
    if (auto set = os::set_blocking(listener, false); !set) return set;
  }
  process_each(work).run();
  return {};
}

}  // namespace samjoko::serve
