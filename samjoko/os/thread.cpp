#include <samjoko/os/thread.hpp>

#include <pthread.h>

#include <csignal>
#include <samjoko/base/check.hpp>
#include <utility>

namespace samjoko::os {
namespace {

/// A function with large variables must not step over the guard into the next thread's stack. It
/// costs address space only: glibc adds it to the size (since 2.27), and no page of it is ever
/// used.
constexpr std::size_t guard_size = std::size_t{64} * 1024;

/// The signals that a thread begins with, computed by the first thread. The interrupt of a blocking
/// loop is sent to one thread and must get through; the other signals are the main thread's.
const sigset_t& blocked_in_threads() noexcept {
  static const sigset_t blocked = [] {
    sigset_t set;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &set);
    for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD, SIGWINCH,
                             SIGTTIN, SIGTTOU, SIGALRM})
      sigaddset(&set, signal);
    return set;
  }();
  return blocked;
}

void* run_task(void* raw) noexcept {
  auto& what = *static_cast<thread_task*>(raw);
  // The sanitizer's pthread_create gives a thread the mask of its maker, whatever was asked for.
  if constexpr (address_sanitizer) ::pthread_sigmask(SIG_SETMASK, &blocked_in_threads(), nullptr);
  const signal_stack_guard for_handlers(std::move(what.for_handlers));
  what.run(what);
  return nullptr;
}

}  // namespace

result<void> start_thread(std::size_t stack_size, thread_task& what) {
  pthread_attr_t attributes;
  SAMJOKO_CHECK(::pthread_attr_init(&attributes) == 0, "cannot describe a thread");
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (const int refused = ::pthread_attr_setstacksize(&attributes, stack_size); refused != 0) {
    ::pthread_attr_destroy(&attributes);
    return failure(refused, "pthread_attr_setstacksize");
  }
  ::pthread_attr_setguardsize(&attributes, guard_size);
  if (!what.for_handlers) what.for_handlers = signal_stack::take();
  // glibc 2.32: this thread's own mask is not changed
  ::pthread_attr_setsigmask_np(&attributes, &blocked_in_threads());
  pthread_t thread{};
  const int code = ::pthread_create(&thread, &attributes, &run_task, &what);
  ::pthread_attr_destroy(&attributes);
  if (code != 0) return failure(code, "pthread_create");
  return {};
}

}  // namespace samjoko::os
