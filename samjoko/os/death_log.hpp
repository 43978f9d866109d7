#pragma once
// Charter: deaths in the log of this process: in full, or, in a storm, summed up once a second
// (os/death_storm.hpp). By the thread that reaps.

#include <cstddef>
#include <samjoko/os/death_board.hpp>
#include <samjoko/os/death_record.hpp>
#include <samjoko/os/death_storm.hpp>
#include <vector>

namespace samjoko::os {

/// Of one kind so many in a burst, 0: all. Kept by children.
void tell_deaths_in_full(std::size_t burst) noexcept;
/// Writes the sentence, or counts it for a line that process_log().report_held_back() will write.
void log_death(const death_record& dead) noexcept;
/// Of a death that is kept nowhere else.
void log_death_in_full(const death_record& dead) noexcept;
/// What is still to be said, before the process leaves.
void log_deaths_held_back() noexcept;
/// Of all processes of the program: the kinds of which more than the usual burst came in the last
/// ten seconds.
[[nodiscard]] std::vector<storm_of_deaths> storms_now(const death_board& board);
/// Deaths are being summed up: what else each of them would write is no news either.
[[nodiscard]] bool is_in_storm_of_deaths() noexcept;

}  // namespace samjoko::os
