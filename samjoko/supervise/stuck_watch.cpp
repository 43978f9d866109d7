#include <samjoko/supervise/stuck_watch.hpp>

#include <algorithm>

namespace samjoko::supervise {

stuck_watch::stuck_watch(milliseconds timeout) noexcept
    : timeout_(timeout),
      interval_(std::max(timeout / 4, shortest_interval)),
      next_(is_on() ? deadline(steady::time_point::min()) : deadline::never()) {}

/// A look is too late at twice the interval plus a second: then the other processes may not have
/// run meanwhile either, and everything begins anew.
void stuck_watch::begin(steady::time_point now) {
  fresh_.clear();
  if (now - last_ > 2 * interval_ + milliseconds(1000)) known_.clear();
  last_ = now;
  next_ = is_on() ? deadline(now + interval_) : deadline::never();
}

}  // namespace samjoko::supervise
