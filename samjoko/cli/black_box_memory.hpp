#pragma once
// Charter: the memory in which deaths are explained: made by the master before it forks, shared
// with all that it forks, so that it outlives whoever wrote there.

#include <memory>
#include <samjoko/os/registrar.hpp>
#include <samjoko/os/shared_memory.hpp>

namespace samjoko::cli {

/// Stays where it is made: `box` refers to the rest. Errors: ENOMEM.
struct black_box_memory {
  /// Crashes whose stacks are kept until they are unwound, and threads of which is known what they
  /// do; beyond that deaths are told with less. Memory is used only by those that there were.
  static constexpr std::size_t captures_at_once = 32;
  static constexpr std::size_t watched_threads = 4096;

  os::shared_cells<os::capture_slot> captures;
  os::shared_cells<os::activity_cell> cells;
  os::black_box box;

  [[nodiscard]] static result<std::unique_ptr<black_box_memory>> make() {
    auto made = std::make_unique<black_box_memory>();
    auto board = os::death_board::make();
    auto captures = os::shared_cells<os::capture_slot>::make(captures_at_once);
    auto cells = os::shared_cells<os::activity_cell>::make(watched_threads);
    if (!board) return failure_of(board);
    if (!captures) return failure_of(captures);
    if (!cells) return failure_of(cells);
    made->captures = std::move(*captures);
    made->cells = std::move(*cells);
    made->box = {std::move(*board), made->captures.cells(), made->cells.cells(), {}};
    return made;
  }
};

}  // namespace samjoko::cli
