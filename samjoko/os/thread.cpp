#include <samjoko/os/thread.hpp>

#include <pthread.h>

#include <csignal>
#include <samjoko/base/check.hpp>

namespace samjoko::os {
namespace {

void* run_errand(void* raw) noexcept {
  auto& what = *static_cast<errand*>(raw);
  what.run(what);
  return nullptr;
}

/// What a thread starts with, taken by the first of them. The kick of a blocking loop is sent to
/// one thread and must get through; the rest is the main thread's.
sigset_t blocked_in_threads() noexcept {
  sigset_t set;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &set);
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD, SIGWINCH,
                           SIGTTIN, SIGTTOU, SIGALRM})
    sigaddset(&set, signal);
  return set;
}

}  // namespace

result<void> start_thread(std::size_t stack_size, errand& what) {
  pthread_attr_t attributes;
  CHECK(::pthread_attr_init(&attributes) == 0, "cannot describe a thread");
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (const int refused = ::pthread_attr_setstacksize(&attributes, stack_size); refused != 0) {
    ::pthread_attr_destroy(&attributes);
    return failure(refused, "pthread_attr_setstacksize");
  }
  static const auto blocked = blocked_in_threads();
  ::pthread_attr_setsigmask_np(&attributes, &blocked);  // glibc 2.32: no change of our own mask
  pthread_t thread{};
  const int code = ::pthread_create(&thread, &attributes, &run_errand, &what);
  ::pthread_attr_destroy(&attributes);
  if (code != 0) return failure(code, "pthread_create");
  return {};
}

}  // namespace samjoko::os
