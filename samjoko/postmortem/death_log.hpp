#pragma once
// Charter: writes deaths to the log of this process: in full, or, in a storm, summed up once a
// second (postmortem/death_storm.hpp). To be called by the thread that reaps.

#include <cstddef>
#include <samjoko/postmortem/death_record.hpp>
#include <samjoko/postmortem/death_ring.hpp>
#include <samjoko/postmortem/death_storm.hpp>
#include <vector>

namespace samjoko::postmortem {

/// How many deaths of one kind are told in full in a burst; 0: all. Kept by children.
void tell_deaths_in_full(std::size_t burst) noexcept;
/// Writes the sentence, or counts the death for a line that process_log().report_held_back()
/// writes.
void log_death(const death_record& dead) noexcept;
/// For a death that is kept nowhere else.
void log_death_in_full(const death_record& dead) noexcept;
/// Writes the lines that are still due, before the process exits.
void log_deaths_held_back() noexcept;
/// Over all processes of the program: the kinds of which more than the usual burst came in the last
/// ten seconds.
[[nodiscard]] std::vector<storm_of_deaths> storms_now(const death_ring& ring);
/// Whether deaths are being summed up: then other lines about each of them are no news either.
[[nodiscard]] bool is_in_storm_of_deaths() noexcept;

}  // namespace samjoko::postmortem
