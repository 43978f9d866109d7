#pragma once
// Charter: the memory by which deaths are explained. Each worker has a box of its own, which it and
// the processes that it forks write and the master reads; the master has a box that no other
// process maps. The master makes them before it forks, so that they outlive the processes that
// write there. A worker unmaps the boxes of the others, so a worker that an attacker controls
// spoils nothing of theirs.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <samjoko/os/privilege.hpp>
#include <samjoko/os/shared_memory.hpp>
#include <samjoko/postmortem/capture_slot.hpp>
#include <samjoko/postmortem/death_ring.hpp>
#include <samjoko/scoreboard/thread_slot.hpp>
#include <span>
#include <string>
#include <vector>

namespace samjoko::postmortem {

/// Parts may be empty: then less can be told.
struct black_box {
  death_ring deaths;
  std::span<capture_slot> captures;
  std::span<scoreboard::thread_slot> cells;
  std::string service;
  /// How many rises of out-of-memory counters were told as deaths, by all processes of the program:
  /// the only word that all share. Null: the one of the ring is used.
  std::atomic<std::uint64_t>* told_as_out_of_memory = nullptr;
};

class black_boxes {
 public:
  /// For each worker: how many stacks of crashes are kept until they are unwound, for how many
  /// threads it is known what they do, and how many deaths it records. Beyond that deaths are told
  /// with less. Only records that are in use take memory.
  static constexpr std::size_t captures_at_once = 32;
  static constexpr std::size_t watched_threads = 2048;
  static constexpr std::size_t deaths_to_tell = 128;

  /// For workers numbered from 1 to `workers`. Errors: ENOMEM.
  [[nodiscard]] static result<std::unique_ptr<black_boxes>> make(std::size_t workers);

  /// The master's box: what it knows by itself, and what it has taken over from the workers.
  [[nodiscard]] black_box& own() noexcept { return own_; }
  [[nodiscard]] const black_box& own() const noexcept { return own_; }
  /// Makes the box of a worker if there is none yet. Errors: ENOMEM.
  [[nodiscard]] result<void> open(std::size_t worker);
  /// By the number of the worker, less 1; null for a worker that never was.
  [[nodiscard]] std::span<black_box* const> of_workers() const noexcept { return boxes_; }
  [[nodiscard]] black_box* of(std::size_t worker) const noexcept {
    return worker >= 1 && worker <= boxes_.size() ? boxes_[worker - 1] : nullptr;
  }
  /// In a child: from now on it has the box of no other worker. 0: none at all.
  void keep_only(std::size_t worker) noexcept;

  /// The user that the unwinding process becomes; none: it keeps its user.
  std::optional<os::identity> unwinds_as;

 private:
  struct area {
    os::shared_cells<capture_slot> captures;
    os::shared_cells<scoreboard::thread_slot> cells;
    black_box box;
  };

  black_box own_;
  os::shared_cells<std::atomic<std::uint64_t>> told_as_out_of_memory_;
  std::vector<std::unique_ptr<area>> areas_;
  std::vector<black_box*> boxes_;
};

}  // namespace samjoko::postmortem
