#pragma once
// Charter: the memory in which deaths are explained. Each worker has a box of its own, which it and
// the processes that it forks write and the master reads; the master has one that nobody else maps.
// Made by the master before it forks, so that it outlives whoever wrote there. A worker gives up
// the boxes of the others, so that one that was taken over spoils nothing of theirs.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <samjoko/os/activity.hpp>
#include <samjoko/os/capture_slot.hpp>
#include <samjoko/os/death_board.hpp>
#include <samjoko/os/privilege.hpp>
#include <samjoko/os/shared_memory.hpp>
#include <span>
#include <string>
#include <vector>

namespace samjoko::os {

/// Empty parts mean that less can be said.
struct black_box {
  death_board board;
  std::span<capture_slot> captures;
  std::span<activity_cell> cells;
  std::string service;
  /// Of the rises of out-of-memory counters, how many were told as deaths, by all processes of the
  /// program: the only word that all share. Null: that of the board.
  std::atomic<std::uint64_t>* told_as_out_of_memory = nullptr;
};

class black_boxes {
 public:
  /// Of each worker: crashes whose stacks are kept until they are unwound, threads of which is
  /// known what they do, and deaths that it tells. Beyond that deaths are told with less. Memory is
  /// used only by those that there were.
  static constexpr std::size_t captures_at_once = 32;
  static constexpr std::size_t watched_threads = 2048;
  static constexpr std::size_t deaths_to_tell = 128;

  /// For workers numbered from 1 to `workers`. Errors: ENOMEM.
  [[nodiscard]] static result<std::unique_ptr<black_boxes>> make(std::size_t workers);

  /// The master's: what it knows by itself, and what it has taken over from the others.
  [[nodiscard]] black_box& own() noexcept { return own_; }
  [[nodiscard]] const black_box& own() const noexcept { return own_; }
  /// Makes the box of a worker unless it is there. Errors: ENOMEM.
  [[nodiscard]] result<void> open(std::size_t worker);
  /// By the number of the worker, less 1; null for one that never was.
  [[nodiscard]] std::span<black_box* const> of_workers() const noexcept { return boxes_; }
  [[nodiscard]] black_box* of(std::size_t worker) const noexcept {
    return worker >= 1 && worker <= boxes_.size() ? boxes_[worker - 1] : nullptr;
  }
  /// In a child, which has the box of no other worker from now on. 0: none at all.
  void keep_only(std::size_t worker) noexcept;

  /// The user whom the process that unwinds stacks becomes; none: it stays who it is.
  std::optional<identity> unwinds_as;

 private:
  struct area {
    shared_cells<capture_slot> captures;
    shared_cells<activity_cell> cells;
    black_box box;
  };

  black_box own_;
  shared_cells<std::atomic<std::uint64_t>> told_as_out_of_memory_;
  std::vector<std::unique_ptr<area>> areas_;
  std::vector<black_box*> boxes_;
};

}  // namespace samjoko::os
