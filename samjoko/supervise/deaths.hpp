#pragma once
// Charter: the last deaths of the program, for whoever asks the master: as text and as JSON.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <samjoko/os/death_board.hpp>
#include <samjoko/os/death_text.hpp>

namespace samjoko::supervise {

using os::as_sentence;
using os::death_record;

/// One object on one line. Absent or null is what is not known; bytes that are no UTF-8 are
/// replaced (U+FFFD).
[[nodiscard]] std::string as_json(const death_record& dead);

/// The oldest first.
inline void for_each_death(const os::death_board& board,
                           const std::function<void(const death_record&)>& each) {
  board.for_each(each);
}

/// A table with a line per death, the newest last; `program` for the command that tells more.
[[nodiscard]] std::string as_table(const std::vector<death_record>& deaths,
                                   const std::string& program);
/// All that is known of one, its stack a line a call.
[[nodiscard]] std::string as_text(const death_record& dead);

/// What `samjoko deaths` prints; `number` 0: all of them, the newest last. None: there is no death
/// of that number (any more).
[[nodiscard]] std::optional<std::string> told_deaths(const std::vector<death_record>& deaths,
                                                     bool json, std::uint64_t number,
                                                     const std::string& program);

}  // namespace samjoko::supervise
