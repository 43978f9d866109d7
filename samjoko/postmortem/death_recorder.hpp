#pragma once
// Charter: what a process does about the deaths of its children: gathers the evidence, finds the
// cause, keeps a record, and tells it. The master has a recorder for its workers, a forking worker
// has one for the processes of its clients. Each death is told once: here, or, when a stack is
// still to be unwound, by the master (supervise/unwind_helper.hpp).

#include <functional>
#include <map>
#include <optional>
#include <samjoko/base/deadline.hpp>
#include <samjoko/os/children.hpp>
#include <samjoko/postmortem/black_box.hpp>
#include <samjoko/postmortem/oom_history.hpp>
#include <span>
#include <string>
#include <vector>

namespace samjoko::postmortem {

/// What the process that reaps knows of a process that died.
struct death_report {
  pid_t pid = 0;
  os::exit_status status;
  os::resource_use used{};
  death_role role = death_role::worker;
  std::string title{};
  std::string model{};
  std::string service{};  ///< empty: the service of the box
  std::uint32_t worker = 0;
  std::uint64_t generation = 0;
  std::int64_t age_ms = -1;
  std::uint64_t clients = 0;
  std::int64_t open = -1;  ///< connections that were open when it died
  own_limit limit = own_limit::none;
  std::int64_t limit_ms = 0;
  pid_t signalled_by = 0;
  std::string memory_counter{};  ///< the file of its cgroup (oom_kills.hpp); empty: unknown
  bool has_own_counter = false;  ///< no other process of this program is in that cgroup
};

class death_recorder {
 public:
  /// `box` must outlive it; null: deaths are told, not kept. `wake_master` is called when a record
  /// waits for its stack; it is empty where there is no master, and then the death is told without
  /// a stack.
  death_recorder(black_box* box, std::function<bool()> wake_master);

  /// For the master: workers that died left their records in the boxes `of_workers`, by number less
  /// 1; `box` holds what is kept. `may_have_ended(worker, pid)`: whether the end that a dead worker
  /// noted of a process of its own can be true. `of_workers` must outlive it.
  void look_in(std::span<black_box* const> of_workers,
               std::function<bool(std::uint32_t, pid_t)> may_have_ended);
  /// The worker whose box has notes of the process; 0: none. It goes by the box alone.
  [[nodiscard]] std::uint32_t worker_of(pid_t pid) const noexcept;

  /// Reads the counter of out-of-memory kills, if it is time: also before deaths, not only at them.
  void watch_memory(const std::string& counter, steady::time_point now);
  /// Adds a process that was reaped. Nothing is told before settle().
  void add(death_report dead);
  /// All deaths that were added are one interval of time: they are judged together, kept and told.
  void settle();

  /// Notes the end of a child that is not reaped yet in shared memory until it is told, so that our
  /// own end does not lose it. To be called by a process that reaps processes of one thread.
  void note_end(pid_t pid, const os::exit_status& status, death_role role) noexcept;
  /// Adds the ends that a dead worker had noted and did not come to tell. `common` says what is the
  /// same for all of them, the worker's number among it. Told by settle().
  void add_untold(const death_report& common);
  /// Whether it is a process of this program: it left notes or a capture.
  [[nodiscard]] bool knows(pid_t pid) const noexcept;

  /// The process's own notes, which outlived it; null: none. Valid until settle().
  [[nodiscard]] scoreboard::thread_slot* notes_of(pid_t pid) const noexcept;
  /// For a child of one thread that ended as it should: its notes are free again.
  void forget(pid_t pid) noexcept;
  /// The same for all that a child of many threads may have left.
  void clear(pid_t pid) noexcept;

 private:
  /// The box in which a worker and its processes leave their notes; null: none.
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
  [[nodiscard]] memory_evidence look_at_memory(const death_report& dead);
  void add_capture(death_record& record, const death_report& dead) const;
  void add_activity(death_record& record, const death_report& dead) const;
  void keep_and_tell(death_record& record);
  void note_kept(pid_t pid) noexcept;
  static void tell_kept(const black_box& box, pid_t pid);
  void free_slots(pid_t pid) noexcept;
  [[nodiscard]] std::uint64_t told_so_far() const noexcept;

  black_box* box_;
  std::span<black_box* const> of_workers_;
  std::function<bool(std::uint32_t, pid_t)> may_have_ended_;
  std::function<bool()> wake_master_;
  std::vector<death_report> waiting_;
  std::map<std::string, oom_history> histories_;
};

}  // namespace samjoko::postmortem
