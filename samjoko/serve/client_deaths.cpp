#include <samjoko/serve/client_deaths.hpp>

#include <unistd.h>

#include <algorithm>

#include <samjoko/os/clock.hpp>
#include <samjoko/postmortem/oom_kills.hpp>

namespace samjoko::serve {

client_deaths::client_deaths(const workload& work)
    : work_(work), deaths_(work.box, work.from_master.death_waits) {
  if (work_.box != nullptr) memory_counter_ = postmortem::oom_counter_file(::getpid());
  watch_memory();
}

void client_deaths::watch_memory() { deaths_.watch_memory(memory_counter_, os::coarse_now()); }

int client_deaths::longest_wait(int wanted, bool living) const noexcept {
  constexpr auto at_most = static_cast<int>(postmortem::oom_history::interval.count());
  if (!living || memory_counter_.empty()) return wanted;
  return wanted < 0 ? at_most : std::min(wanted, at_most);
}

void client_deaths::add(const os::children::report& dead, postmortem::death_role role, bool stops) {
  const auto* notes = deaths_.notes_of(dead.pid);
  const auto signalled_by = notes == nullptr || stops ? 0 : notes->signalled_by.load();
  // Our processes leave by _exit(2). A call of exit(3) therefore came from a handler, whatever the
  // code.
  const bool left = notes != nullptr && notes->called_exit.load() != 0;
  if (dead.status.is_success() && signalled_by == 0 && !left) return deaths_.forget(dead.pid);
  postmortem::death_report gone{.pid = dead.pid, .status = dead.status, .used = dead.used};
  gone.role = dead.known ? role : postmortem::death_role::orphan;
  gone.model = model_of_this_process();
  gone.worker = static_cast<std::uint32_t>(work_.worker);
  gone.clients = role == postmortem::death_role::client_process ? 1 : 0;
  gone.signalled_by = signalled_by;
  gone.memory_counter = memory_counter_;
  if (notes != nullptr) {
    gone.limit = static_cast<postmortem::own_limit>(notes->ended_for.load());
    gone.limit_ms = notes->ended_after.load();
  }
  deaths_.add(std::move(gone));
}

}  // namespace samjoko::serve
