#pragma once
// Charter: for tests: workers that behave in several ways, and settings for quick tests of the
// master.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <samjoko/supervise/master.hpp>
#include <samjoko/supervise/testing/running_service.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace samjoko::supervise {

inline master_settings quick(std::size_t workers = 1) {
  master_settings made;
  made.plan.workers = {workers};
  made.plan.most_workers = 32;
  made.plan.stable_after = milliseconds(0);
  made.plan.first_delay = milliseconds(1);
  made.plan.repeat_window = milliseconds(0);
  return made;
}

inline std::function<master_settings()> workers(std::size_t count) {
  return [count] { return quick(count); };
}

inline void serving(worker& self) {
  self.ready();
  log::info(log::every("test"), "serving");
}

inline stop_order next_order(worker& self) {
  while (true) {
    (void)os::wait_readable(self.descriptor(), deadline::never());
    if (const auto order = self.take(); order != stop_order::none) return order;
  }
}

inline int polite(worker& self) {
  serving(self);
  const auto order = next_order(self);
  log::info(log::every("test"), "told to stop {}",
            order == stop_order::graceful ? "gracefully" : "at once");
  return 0;
}

/// A worker that goes on when it is told to stop gracefully.
inline int stubborn(worker& self) {
  serving(self);
  (void)next_order(self);
  log::info(log::every("test"), "draining");
  while (next_order(self) != stop_order::immediate) {
    ::poll(nullptr, 0, 1);
  }
  return 0;
}

[[noreturn]] inline void deaf_from_the_start() {
  while (true) ::pause();
}
inline int deaf(worker& self) {
  serving(self);
  deaf_from_the_start();
}

/// Logs so often that a line is held back, and then logs no more of that kind.
inline void log_twice_in_a_second() {
  const auto this_second = [] {
    return std::chrono::duration_cast<std::chrono::seconds>(steady::now().time_since_epoch());
  };
  for (auto before = this_second();; before = this_second()) {
    log::warning("trouble", "the same trouble");
    log::warning("trouble", "the same trouble");
    if (before == this_second()) return;
  }
}

}  // namespace samjoko::supervise
