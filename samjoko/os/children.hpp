#pragma once
// Charter: the children of this process, and the one place that waits for any child (wait4(2)).
//
// SIGCHLD is one bit: thousands of deaths can arrive as a handful of deliveries. So a signal (or
// any other wake-up) is only a reason to look, and looking means waiting until the kernel has no
// more to report. Only for processes whose children are all ours: waitpid(-1) takes the status of
// any child, also of a child that a user's own code started and means to wait for.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <samjoko/base/result.hpp>
#include <samjoko/os/exit_status.hpp>

namespace samjoko::os {

/// What a process used, and its own children that it waited for (man 2 getrusage).
struct resource_use {
  std::int64_t user_us = 0;  ///< processor time
  std::int64_t system_us = 0;
  std::int64_t most_memory_kib = 0;  ///< resident at once
};

/// One answer of wait4(2).
struct waited {
  pid_t pid;
  exit_status status;
  resource_use used = {};  ///< of a child that has ended
};

class children {
 public:
  /// An answer about a child that may be known here or not.
  struct report {
    pid_t pid;
    exit_status status;
    /// False for a child that was never added: an orphan adopted by PID 1 or a subreaper.
    bool known;
    /// What add() was given; 0 for an unknown child.
    std::uint64_t tag;
    resource_use used = {};
  };
  /// Deaths only, or also children that stop and go on (which stay children).
  enum class watch : bool { deaths, stops_too };

  /// Holds `expected` children without growing; beyond that it grows by doubling.
  explicit children(std::size_t expected = 64);

  /// Adds a child of ours, made by fork, before it can have been reaped. O(1).
  void add(pid_t pid, std::uint64_t tag = 0);
  [[nodiscard]] bool contains(pid_t pid) const noexcept { return find(pid) != nowhere; }
  [[nodiscard]] std::size_t size() const noexcept { return used_; }
  [[nodiscard]] bool empty() const noexcept { return used_ == 0; }

  /// Reaps until no more child has ended; never blocks. `on_report(const report&)` may add
  /// children. A child that has ended is forgotten before it is called, so that no signal goes to a
  /// number that may be another process's by then. Returns how many reports there were.
  template <class OnReport>
  std::size_t reap(OnReport&& on_report, watch what = watch::deaths) {
    return reap_by([what] { return wait_any(what); }, on_report);
  }
  /// The same, with `wait()` asked instead of the kernel, until it answers none.
  template <class Wait, class OnReport>
  std::size_t reap_by(Wait&& wait, OnReport&& on_report) {
    std::size_t count = 0;
    while (const std::optional<waited> next = wait()) {
      on_report(recognise(*next));
      ++count;
    }
    return count;
  }
  /// The same; `note(pid, status)` is called for each child before it is reaped. Until then the
  /// number is still the child's, and if this process is killed, the process that inherits its
  /// children learns of the end.
  template <class Note, class OnReport>
  std::size_t reap_noted(Note&& note, OnReport&& on_report) {
    return reap_by(
        [&note]() -> std::optional<waited> {
          const auto ended = next_ended();
          if (!ended) return std::nullopt;
          note(ended->pid, ended->status);
          return wait_for(ended->pid, watch::deaths);
        },
        on_report);
  }
  /// A child that has ended and is not reaped yet; it stays so. None when there is none.
  [[nodiscard]] static std::optional<waited> next_ended();
  /// One report of any child, without waiting; none when there are no more for now.
  [[nodiscard]] static std::optional<waited> wait_any(watch what);

  /// Sends to a child that is not reaped yet, whose number therefore cannot have been given to
  /// another process. Errors: ESRCH when it is not a child here, EPERM.
  [[nodiscard]] result<void> send(pid_t pid, int signal) const;

  /// Calls `each(pid, tag)` for every child, in no order.
  template <class Each>
  void for_each(Each&& each) const {
    for (const auto& place : table_) {
      if (place.pid != 0) each(place.pid, place.tag);
    }
  }

 private:
  /// Waits for this child, or for any: -1.
  [[nodiscard]] static std::optional<waited> wait_for(pid_t pid, watch what);

  struct entry {
    pid_t pid = 0;
    std::uint64_t tag = 0;
  };
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

  [[nodiscard]] report recognise(const waited& told);
  [[nodiscard]] std::size_t find(pid_t pid) const noexcept;
  [[nodiscard]] std::size_t home_of(pid_t pid) const noexcept;
  void insert(entry added) noexcept;
  void erase(std::size_t place) noexcept;
  void grow();

  // Open addressing with linear probing, at most half full, no tombstones. The kernel gives out
  // pids in sequence, so the number itself is a good hash.
  std::vector<entry> table_;
  std::size_t used_ = 0;
};

}  // namespace samjoko::os
