#pragma once
// Charter: the ring of the last deaths, in memory that the master makes before it forks. Any of the
// program's processes appends without a lock: the master for workers, a forking worker for the
// processes of its clients. Its content survives the process that wrote it.
//
// One word says of each place whether it is being written and by which process, or complete and
// which death. A writer that is killed leaves a place that names it; the process that reaps it
// frees the place.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <samjoko/base/result.hpp>
#include <samjoko/os/shared_memory.hpp>
#include <samjoko/postmortem/death_record.hpp>
#include <vector>

namespace samjoko::postmortem {

class death_ring {
 public:
  static constexpr std::size_t usual_room = 512;

  /// Without memory: nothing is kept, append() answers 0.
  death_ring() noexcept = default;
  /// Errors: ENOMEM.
  [[nodiscard]] static result<death_ring> make(std::size_t room = usual_room);

  /// Whether the death was already told (in the log), or waits to be told.
  enum class telling : bool { waits, done };
  /// Keeps a copy with a sequence number, which it returns, in place of the oldest; 0 when nothing
  /// could be kept. `on_forgotten(record)` is called for a record that waited to be told and had to
  /// make room.
  std::uint64_t append(const death_record& added, telling told,
                       const std::function<void(const death_record&)>& on_forgotten = {});

  /// The oldest record that waits to be told. Looks at every place that was ever used.
  [[nodiscard]] std::optional<death_record> first_waiting() const;
  /// Replaces the record of that number, which waits, by `told` and counts it as told. False when
  /// it has been told or had to make room meanwhile: then the caller must not tell it.
  bool settle(std::uint64_t sequence, const death_record& told);

  /// All records that are kept and complete, the oldest first. Another process may append
  /// meanwhile.
  void for_each(const std::function<void(const death_record&)>& each) const;
  [[nodiscard]] std::vector<death_record> all() const;
  /// How many deaths there were.
  [[nodiscard]] std::uint64_t count() const noexcept;
  /// Frees a place that a reaped process had begun to write.
  void free_held_by(pid_t writer) noexcept;

  /// How many rises of out-of-memory counters were told as deaths, by all processes.
  [[nodiscard]] std::atomic<std::uint64_t>* told_as_out_of_memory() const noexcept;
  /// The records that were told: as for_each().
  void for_each_told(const std::function<void(const death_record&)>& each) const;
  void keep_from_children() const noexcept { cells_.keep_from_children(); }
  /// In a child that did not get the memory: the ring is not touched there any more.
  void forget() noexcept { cells_.forget(); }
  /// How many records are kept at most.
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
  os::shared_cells<cell> cells_;
};

}  // namespace samjoko::postmortem
