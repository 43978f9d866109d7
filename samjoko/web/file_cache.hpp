#pragma once
// Charter: files that one thread keeps open between requests. A kept file is looked at (fstat)
// before an answer uses it, once in each turn of a loop that many clients share. A write to a file,
// its replacement by a rename and its removal move the inode's time of change, and then the name is
// opened anew. Other changes (a link that is switched, a folder on the way that is renamed) are
// seen by a look at the name, which is made when the last look is older than
// served_directory::staleness. A file that was not asked for in a second is closed
// (web/upkeep.hpp).

#include <mutex>
#include <samjoko/web/served_directory.hpp>
#include <samjoko/web/stored_file.hpp>
#include <samjoko/web/upkeep.hpp>
#include <span>
#include <vector>

namespace samjoko::web {

enum class look : std::uint8_t {
  once_in_a_turn,  ///< what was seen in this turn of the loop counts
  now,
};

class file_cache {
 public:
  /// The limit for each thread. All threads of a process together keep a sixteenth of its limit on
  /// descriptors, at most 512.
  static constexpr std::size_t most_files = 64;

  /// The cache of this thread.
  [[nodiscard]] static file_cache& own();

  file_cache() = default;
  file_cache(const file_cache&) = delete;
  file_cache& operator=(const file_cache&) = delete;
  ~file_cache();

  /// The open regular file at `path`, relative to `from` and safe to be looked up beneath it; opens
  /// it if need be. Errors: EISDIR for a directory, ENOENT also for what is neither, EXDEV for a
  /// link that leaves the directory, and those of open(2).
  [[nodiscard]] result<std::shared_ptr<const stored_file>> find(served_directory& from,
                                                                const char* path, look how);

 private:
  struct slot {
    std::uint64_t directory = 0;
    std::string path;
    std::shared_ptr<stored_file> file;
    steady::time_point checked;  ///< by its name
    steady::time_point used;
    std::uint64_t seen_in = 0;  ///< the turn of the last look
  };
  static constexpr std::size_t ways = 4;

  [[nodiscard]] std::span<slot> set_of(std::uint64_t directory, std::string_view path) noexcept;
  [[nodiscard]] static bool still_true(slot& found, served_directory& from, steady::time_point now,
                                       look how);
  [[nodiscard]] static result<os::file_facts> facts_by_name(const slot& found,
                                                            served_directory& from);
  [[nodiscard]] result<std::shared_ptr<const stored_file>> find_here(served_directory& from,
                                                                     const char* path, look how);
  void keep(std::span<slot> among, slot fresh) noexcept;
  void clear() noexcept;
  void forget_inherited() noexcept;
  bool close_unused(steady::time_point now) noexcept;
  static void drop(slot& kept) noexcept;

  std::mutex mutex_;         // locked by its thread and by the upkeep
  std::vector<slot> slots_;  // sets of `ways`; empty until the first file
  pid_t owner_ = 0;
  upkeep upkeep_{[](void* self, steady::time_point now) noexcept {
                   return static_cast<file_cache*>(self)->close_unused(now);
                 },
                 this};
};

}  // namespace samjoko::web
