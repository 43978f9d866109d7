#include <samjoko/net/signals.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <samjoko/os/exit_status.hpp>

namespace samjoko {
namespace {

/// Their handlers would return to the instruction that failed.
bool tells_of_a_fault(int signal) noexcept {
  constexpr int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
  return std::ranges::find(faults, signal) != std::end(faults);
}

/// The same in every model, so that a handler that works in one works in all.
bool is_of_this_library(int signal) noexcept {
  return signal == SIGTERM || (signal >= SIGRTMIN && signal < SIGRTMIN + 8);
}

}  // namespace

result<signals> signals::open(connection& from, std::initializer_list<int> which) {
  if (!from.loop().is_real()) return failure(EOPNOTSUPP, "signals", "on a simulated loop");
  for (const int signal : which) {
    const int code = tells_of_a_fault(signal) ? EINVAL : is_of_this_library(signal) ? EBUSY : 0;
    if (code != 0) return failure(code, "signals", os::signal_name(signal));
  }
  auto queue = os::signal_queue::open(which);
  if (!queue) return failure_of(queue);
  return signals(from.loop(), std::move(*queue));
}

signals::signals(signals&& other) noexcept
    : loop_(std::exchange(other.loop_, nullptr)),
      queue_(std::move(other.queue_)),
      taken_(std::move(other.taken_)) {}

/// The descriptor goes to the next queue of this process, perhaps in another thread.
signals::~signals() {
  if (loop_ == nullptr) return;
  io::operation forget;
  forget.kind = io::operation_kind::release;
  forget.fd = queue_.descriptor();
  loop_->begin(forget);
}

task<result<signal_notice>> signals::next() {
  for (;;) {
    take();
    if (!taken_.empty()) {
      const auto first = taken_.front();
      taken_.pop_front();
      co_return first;
    }
    const auto code = co_await io::until_readable(*loop_, queue_.descriptor());
    if (code < 0) co_return failure(static_cast<int>(-code), "signals");
  }
}

void signals::take() {
  const auto notices = queue_.take();
  taken_.insert(taken_.end(), notices.begin(), notices.end());
}

}  // namespace samjoko
