#include <samjoko/serve/client_process.hpp>

#include <unistd.h>

#include <csignal>
#include <samjoko/base/check.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/signals.hpp>
#include <samjoko/os/thread_interrupt.hpp>

namespace samjoko::serve {
namespace {

constinit client_process* of_this_process = nullptr;

}  // namespace

/// These signals do nothing in a process that serves no client.
void client_process::prepare() {
  os::thread_interrupt::install();
  for (const int signal : {immediate_signal(), end_idle_signal(), timer_signal()}) {
    SAMJOKO_CHECK(
        os::install_handler(signal, &client_process::told, SA_RESTART, os::in_children::kept),
        "cannot be told to stop");
  }
}

client_process::client_process(const workload& work)
    : work_(work), host_(thread_.loop(), work.offered, work.limits.connection, stop_, *this) {
  SAMJOKO_CHECK(of_this_process == nullptr, "a process serves its clients once");
  of_this_process = this;
  attention_.self = this;
  attention_.run = [](runnable& self) noexcept { static_cast<attention&>(self).self->look(); };
  thread_.loop().attention = &attention_;
  SAMJOKO_CHECK(os::install_handler(graceful_signal, &client_process::told, SA_RESTART),
                "cannot be told to stop");
  os::end_with_parent(graceful_signal, work.forking_process);
  // What a terminal sends to the whole group is the master's to decide about.
  os::block_only({SIGINT, SIGQUIT, SIGHUP, SIGTTIN, SIGTTOU, SIGWINCH, SIGTSTP, SIGPIPE});
}

client_process::~client_process() { of_this_process = nullptr; }

/// SA_RESTART: the thread interrupt interrupts what has to be interrupted, and nothing of the
/// user's is interrupted.
void client_process::told(int signal, siginfo_t* info, void*) noexcept {
  auto* self = of_this_process;
  if (self == nullptr) return;
  // Sent neither by the parent nor by this process, which found its parent gone
  // (os::end_with_parent).
  const bool by_a_stranger = info->si_code <= 0 && info->si_pid != self->work_.forking_process &&
                             info->si_pid != ::getpid() && info->si_pid != 0;
  if (signal == graceful_signal && by_a_stranger) scoreboard::mark_told_by(info->si_pid);
  if (signal == end_idle_signal()) {
    self->end_idle_.store(true);
  } else if (signal == timer_signal()) {
    self->timer_rang_.store(true);
  } else {
    const bool ordered = self->alone_.load() && by_a_stranger && info->si_pid != self->work_.master;
    // Sent by the kernel in the worker's name, which has ended by then (man 2 prctl).
    if (!self->stop_.requested() && info->si_pid == self->work_.forking_process &&
        !os::parent_is(self->work_.forking_process))
      self->worker_ended_.store(true);
    self->stop_.request(signal == immediate_signal() || ordered ? stop_level::immediate
                                                                : stop_level::graceful);
    self->notice_if_alone();
  }
  self->loop().wake();
}

/// Runs in a signal handler, so that a process that is stuck has a limit too. The kernel tells of
/// the worker's end, and of the master's when the master had adopted this process (man 2 prctl,
/// PR_SET_PDEATHSIG).
void client_process::notice_if_alone() noexcept {
  if (alone_.load() || os::parent_is(work_.forking_process)) return;
  if (work_.master != 0 && os::parent_is(work_.master)) return;
  alone_.store(true);
  const bool hurries = stop_.level() == stop_level::immediate;
  const auto limit = hurries ? milliseconds(0) : work_.stop_limit;
  os::signal_oneself_after(immediate_signal(), limit);
  os::signal_oneself_after(SIGKILL, limit + work_.kill_grace);
}

void client_process::hear_interrupts() noexcept {
  if (!alone_.load() || hears_interrupts_) return;
  hears_interrupts_ = true;
  if (os::install_handler(SIGINT, &client_process::told, SA_RESTART))
    os::block_only({SIGQUIT, SIGHUP, SIGTTIN, SIGTTOU, SIGWINCH, SIGTSTP, SIGPIPE});
}

void client_process::serve(os::descriptor socket, const scoreboard::peer_name& peer) {
  end_idle_.store(false);  // it was meant for the client before
  scoreboard::mark_new_client(socket.get(), peer);
  session served(host_, {.socket = std::move(socket)});
  session_ = &served;
  served.start();
  thread_.loop().run();
  scoreboard::mark_no_client();
}

bool client_process::has_lost_its_worker() noexcept {
  const auto* self = of_this_process;
  return self != nullptr && !os::parent_is(self->work_.forking_process);
}

bool client_process::call_after(milliseconds time, void (*what)() noexcept) noexcept {
  auto* self = of_this_process;
  if (self == nullptr) return false;
  self->when_it_rings_ = what;
  return self->timer_.arm(timer_signal(), time);
}

void client_process::look() noexcept {
  hear_interrupts();
  if (timer_rang_.exchange(false) && when_it_rings_ != nullptr) when_it_rings_();
  const bool end_idle = end_idle_.exchange(false);
  const bool leaves = leaves_ && leaves_();
  if (session_ == nullptr) {
    if ((stop_.requested() || leaves) && wait_ != nullptr) loop().cancel(*wait_);
    return;
  }
  if (stop_.requested()) {
    if (on_stop_) on_stop_();
    session_->look_at_stop();
  }
  if (end_idle && !leaves) session_->end_idle();
}

}  // namespace samjoko::serve
