// A process for each client: accept, fork, and reap (man 2 fork, man 2 waitpid). The parent never
// serves; the child serves one client by blocking and leaves with _exit.

#include <samjoko/log/writer.hpp>
#include <samjoko/os/children.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/serve/acceptor.hpp>
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

class process_each final : acceptor {
 public:
  explicit process_each(workload& of) : acceptor(of, false), deaths_(of), kept_{-1, -1} {
    kept_.insert(kept_.end(), of.offered.keeps_open.begin(), of.offered.keeps_open.end());
  }

  void run() {
    os::check_single_threaded();
    client_process::prepare();
    work().account->keep_from_children();  // the parent counts for the children
    deaths_.keep_from_children();
    accept_until_stopped();
    while (!children_.empty()) {
      tell_clients();
      wait(false, 1000);
      reap();
    }
  }

 private:
  accept_loop::news wait(bool for_clients, int timeout_ms) override {
    const int longest = deaths_.longest_wait(timeout_ms, !children_.empty());
    const auto news = acceptor::wait(for_clients, longest);
    deaths_.watch_memory();
    if (news.children_ended) reap();
    return news;
  }

  void reap() {
    constexpr auto role = postmortem::death_role::client_process;
    deaths_.reap(children_, role, [this](const os::children::report& dead) {
      if (dead.known) admissions().leave(seats_of(dead.tag));
      told_.erase(dead.pid);
      deaths_.add(dead, role, stop().requested());
    });
  }

  [[nodiscard]] const char* call() const noexcept override { return "fork"; }
  result<void> place(client& whom, const scoreboard::peer_name& peer) override {
    auto child = os::fork_process(os::child_mask::blocked);
    if (!child) return failure_of(child);
    const auto held = whom.held.release();  // counted out when the child has ended
    if (child->in_child()) be_client_process(std::move(whom.socket), peer);
    children_.add(child->pid, tag_of(held));
    return {};
  }

  [[noreturn]] void be_client_process(os::descriptor socket, const scoreboard::peer_name& peer) {
    kept_[0] = socket.get();
    kept_[1] = log::process_log().descriptor_number();
    os::close_all_except(kept_);
    {
      client_process here(work());
      here.serve(std::move(socket), peer);
    }
    os::leave_process(0);
  }

  /// Tells the children that have not heard of the stop yet.
  void tell_clients() override {
    const auto level = stop().level();
    const int signal = level == stop_level::immediate ? immediate_signal() : graceful_signal;
    children_.for_each([&](pid_t pid, std::uint64_t) {
      if (std::exchange(told_[pid], level) != level) static_cast<void>(children_.send(pid, signal));
    });
  }

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
