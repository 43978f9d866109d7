#pragma once
// Charter: the last deaths of the program, for a client that asks the master: as text and as JSON.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <samjoko/postmortem/death_ring.hpp>
#include <samjoko/postmortem/death_text.hpp>

namespace samjoko::operate {

using postmortem::as_sentence;
using postmortem::death_record;

/// One object on one line. What is not known is absent or null; bytes that are no UTF-8 are
/// replaced (U+FFFD).
[[nodiscard]] std::string as_json(const death_record& dead);

/// The oldest first.
inline void for_each_death(const postmortem::death_ring& ring,
                           const std::function<void(const death_record&)>& each) {
  ring.for_each(each);
}

/// A table with a line per death, the newest last; `program` names the command that tells more.
[[nodiscard]] std::string as_table(const std::vector<death_record>& deaths,
                                   const std::string& program);
/// All that is known of one death; its stack takes a line for each call.
[[nodiscard]] std::string as_text(const death_record& dead);

/// What `samjoko deaths` prints; `number` 0: all of them, the newest last. None: there is no death
/// of that number, or no longer.
[[nodiscard]] std::optional<std::string> told_deaths(const std::vector<death_record>& deaths,
                                                     bool json, std::uint64_t number,
                                                     const std::string& program);

}  // namespace samjoko::operate
