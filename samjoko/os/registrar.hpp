#pragma once
// Charter: what a process does about the deaths of its children: gathers the evidence, finds the
// cause, keeps a record, and tells it. The master has one for its workers, a forking worker one for
// the processes of its clients. Each death is told once: here, or, when a stack is still to be
// unwound, by the master (supervise/undertaker.hpp).

#include <functional>
#include <map>
#include <optional>
#include <samjoko/base/deadline.hpp>
#include <samjoko/os/black_box.hpp>
#include <samjoko/os/children.hpp>
#include <samjoko/os/oom_history.hpp>
#include <span>
#include <string>
#include <vector>

namespace samjoko::os {

/// What whoever reaps knows of the dead.
struct deceased {
  pid_t pid = 0;
  exit_status status;
  resource_use used{};
  death_role role = death_role::worker;
  std::string title{};
  std::string model{};
  std::string service{};  ///< empty: the box's
  std::uint32_t worker = 0;
  std::uint64_t generation = 0;
  std::int64_t age_ms = -1;
  std::uint64_t clients = 0;
  std::int64_t open = -1;  ///< connections when it died
  own_limit limit = own_limit::none;
  std::int64_t limit_ms = 0;
  pid_t told_by = 0;
  std::string memory_counter{};  ///< the file of its cgroup (os/oom_kills.hpp); empty: unknown
  bool has_own_counter = false;  ///< nobody else of this program is in that cgroup
};

class registrar {
 public:
  /// `box` must outlive it; null: deaths are told, not kept. `wake_master` is called when a record
  /// waits for its stack; empty where there is no master, then it is told without.
  registrar(black_box* box, std::function<bool()> wake_master);

  /// For the master: what the dead left is in the boxes of workers, by number less 1; `box` holds
  /// what is kept. `may_have_ended(worker, pid)`: whether what a dead worker noted of a process of
  /// its own can be true. `of_workers` must outlive it.
  void look_in(std::span<black_box* const> of_workers,
               std::function<bool(std::uint32_t, pid_t)> may_have_ended);
  /// The worker whose box has notes of the process; 0: none. By the box, whatever it says.
  [[nodiscard]] std::uint32_t worker_of(pid_t pid) const noexcept;

  /// Look at the counter of out-of-memory kills, if it is time: before deaths, not only at them.
  void watch_memory(const std::string& counter, steady::time_point now);
  /// One that was reaped. Nothing is said before settle().
  void add(deceased dead);
  /// All that were added are one interval of time: they are judged together, kept and told.
  void settle();

  /// Of a child that has ended and is not reaped yet: remembered in shared memory until it is told,
  /// so that our own end does not lose it. By whoever reaps processes of one thread.
  void note_end(pid_t pid, const exit_status& status, death_role role) noexcept;
  /// The ends that a dead worker had noted and did not come to tell; `common` says what is the same
  /// for all of them, its number among it. Told by settle().
  void add_untold(const deceased& common);
  /// A process of this program: it left notes, or what it was caught with.
  [[nodiscard]] bool knows(pid_t pid) const noexcept;

  /// Notes of the process itself that outlived it; null: none. Until settle().
  [[nodiscard]] activity_cell* notes_of(pid_t pid) const noexcept;
  /// A child of one thread that ended as it should: its notes are free again.
  void forget(pid_t pid) noexcept;
  /// The same for all that a child of many threads may have left.
  void clear(pid_t pid) noexcept;

 private:
  /// Where a worker and its processes leave what they leave; null: nowhere.
  [[nodiscard]] black_box* box_of(std::uint32_t worker) const noexcept;
  template <class Each>
  void for_each_box(Each&& each) const {
    if (of_workers_.empty() && box_ != nullptr) each(std::uint32_t{0}, *box_);
    for (std::size_t n = 0; n < of_workers_.size(); ++n) {
      if (of_workers_[n] != nullptr) each(static_cast<std::uint32_t>(n + 1), *of_workers_[n]);
    }
  }
  [[nodiscard]] std::atomic<std::uint64_t>* told_counter() const noexcept;
  void tell_forgotten(const death_record& record) const;
  [[nodiscard]] memory_evidence look_at_memory(const deceased& dead);
  void record(const deceased& dead);
  void add_capture(death_record& record, const deceased& dead) const;
  void add_activity(death_record& record, const deceased& dead) const;
  void keep_and_tell(death_record& record);
  void note_kept(pid_t pid) noexcept;
  static void tell_kept(const black_box& box, pid_t pid);
  void free_slots(pid_t pid) noexcept;
  [[nodiscard]] std::uint64_t told_so_far() const noexcept;

  black_box* box_;
  std::span<black_box* const> of_workers_;
  std::function<bool(std::uint32_t, pid_t)> may_have_ended_;
  std::function<bool()> wake_master_;
  std::vector<deceased> waiting_;
  std::map<std::string, oom_history> histories_;
};

}  // namespace samjoko::os
