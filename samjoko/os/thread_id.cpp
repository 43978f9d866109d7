#include <samjoko/os/thread_id.hpp>

#include <pthread.h>
#include <unistd.h>

namespace samjoko::os {
namespace {

constinit thread_local thread_id known;

void forget() noexcept { known = {}; }

}  // namespace

thread_id current_thread_id() noexcept {
  if (known.process == 0) {
    // The child has one thread, and its copy of `known` is the one that forget() clears.
    static const int registered = ::pthread_atfork(nullptr, nullptr, forget);
    if (registered != 0) return {::getpid(), ::gettid()};
    known = {::getpid(), ::gettid()};
  }
  return known;
}

}  // namespace samjoko::os
