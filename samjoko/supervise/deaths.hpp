#pragma once
// Charter: the last deaths of the program, for whoever asks the master: as text and as JSON.

#include <functional>
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

/// A sentence, or a JSON object, for each; the oldest first.
[[nodiscard]] std::vector<std::string> told_deaths(const os::death_board& board, bool json);

}  // namespace samjoko::supervise
