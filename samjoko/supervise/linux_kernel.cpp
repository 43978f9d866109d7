#include <samjoko/supervise/linux_kernel.hpp>

#include <charconv>
#include <utility>

#include <samjoko/base/check.hpp>
#include <samjoko/os/descendants.hpp>
#include <samjoko/os/pidfd.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/process_facts.hpp>
#include <samjoko/os/subreaper.hpp>
#include <samjoko/supervise/worker.hpp>

namespace samjoko::supervise {

void linux_kernel::wait(std::vector<pollfd>& for_these, deadline until) {
  for_these.push_back({signals_.descriptor(), POLLIN, 0});
  os::poll_until(for_these, until);
  for_these.pop_back();
}

result<held_process> linux_kernel::fork(const std::function<void()>& work) {
  const auto forked = os::fork_process(os::child_mask::blocked);
  if (!forked) return std::unexpected(forked.error());
  if (forked->in_child()) {
    {
      const auto of_the_master = std::move(signals_);
    }
    work();
    SAMJOKO_CHECK(false, "a worker does not return into its master");
  }
  held_process born{.pid = forked->pid, .handle = {}};
  if (auto handle = os::open_pidfd(born.pid)) born.handle = std::move(*handle);
  return born;
}

std::optional<os::waited> linux_kernel::wait_any() {
  return os::children::wait_any(os::children::watch::stops_too);
}

std::vector<pid_t> linux_kernel::signal_descendants(pid_t child, std::span<const int> signals) {
  return os::signal_descendants(child, signals, 0);
}

std::vector<pid_t> linux_kernel::children() { return os::children_of_this_thread(); }

std::optional<pid_t> linux_kernel::worker_of_program(pid_t child) {
  if (os::program_of_process(child) != os::runs_what::another) return std::nullopt;
  const auto told = os::variable_of_process(child, worker_variable);
  pid_t worker = 0;
  static_cast<void>(std::from_chars(told.data(), told.data() + told.size(), worker));
  return worker;
}

result<void> linux_kernel::kill(pid_t pid, const os::descriptor& handle, int signal) {
  return handle ? os::send_signal(handle, signal) : os::send_to_child(pid, signal);
}

}  // namespace samjoko::supervise
