#pragma once
// Charter: the ring of the last deaths, in memory that the master makes before it forks. Any of the
// program's processes appends without a lock: the master for workers, a forking worker for the
// processes of its clients. What is in it survives whoever wrote it.
//
// One word says of each place whether it is being written and by whom, or complete and which death;
// a writer that is killed leaves a place that names it, and is freed by whoever reaps it.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <samjoko/base/result.hpp>
#include <samjoko/os/death_record.hpp>
#include <samjoko/os/shared_memory.hpp>
#include <vector>

namespace samjoko::os {

class death_board {
 public:
  static constexpr std::size_t usual_room = 512;

  /// No memory: nothing is kept, append() answers 0.
  death_board() noexcept = default;
  /// Errors: ENOMEM.
  [[nodiscard]] static result<death_board> make(std::size_t room = usual_room);

  /// Whether the death was already told (in the log), or waits for somebody to do so.
  enum class telling : bool { waits, done };
  /// Keeps a copy with a sequence number, which it returns, in place of the oldest; 0 when nothing
  /// could be kept. `on_forgotten(record)` is called for one that waited to be told and had to make
  /// room.
  std::uint64_t append(const death_record& added, telling told,
                       const std::function<void(const death_record&)>& on_forgotten = {});

  /// The oldest that waits to be told. Looks at every place that was ever used.
  [[nodiscard]] std::optional<death_record> first_waiting() const;
  /// Replaces the record of that number, which waits, by `told` and counts it as told; false when
  /// it has been told or had to make room meanwhile: then say nothing.
  bool settle(std::uint64_t sequence, const death_record& told);

  /// All that are kept and complete, the oldest first. Another process may append meanwhile.
  void for_each(const std::function<void(const death_record&)>& each) const;
  [[nodiscard]] std::vector<death_record> all() const;
  /// How many deaths there were.
  [[nodiscard]] std::uint64_t count() const noexcept;
  /// Frees what a process that was reaped had begun to write.
  void free_held_by(pid_t writer) noexcept;

  /// Of the rises of out-of-memory counters, how many were told as deaths: by all processes.
  [[nodiscard]] std::atomic<std::uint64_t>* told_as_out_of_memory() const noexcept;
  /// Those that were told: as for_each().
  void for_each_told(const std::function<void(const death_record&)>& each) const;
  void keep_from_children() const noexcept { cells_.keep_from_children(); }
  /// In a child from which it was kept: it is not touched there any more.
  void forget() noexcept { cells_.forget(); }
  /// How many are kept at most.
  [[nodiscard]] std::size_t room() const noexcept {
    return cells_.size() == 0 ? 0 : cells_.size() - 1;
  }

 private:
  struct head {
    std::atomic<std::uint64_t> next;
    std::atomic<std::uint64_t> out_of_memory;
  };
  struct cell {
    std::atomic<std::uint64_t> word;
    std::array<std::uint64_t, (sizeof(death_record) + 7) / 8> words;
  };
  enum class state : std::uint64_t { free, writing, waits, told };

  [[nodiscard]] head& top() const noexcept;
  [[nodiscard]] std::span<cell> places() const noexcept { return cells_.cells().subspan(1); }
  void look_through(bool told_only, const std::function<void(const death_record&)>& each) const;
  [[nodiscard]] static std::optional<death_record> read(const cell& from, std::uint64_t word);
  static void write(cell& to, const death_record& what) noexcept;

  // The head lies in the first cell, so that one mapping holds all.
  shared_cells<cell> cells_;
};

}  // namespace samjoko::os
