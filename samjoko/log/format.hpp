#pragma once
// Charter: what a line of the log looks like: for people, for machines (one JSON object a line), or
// for systemd's journal.

#include <cstdint>
#include <string_view>

#include <samjoko/log/line.hpp>

namespace samjoko::log {

enum class level : std::uint8_t { debug, info, notice, warning, error };

enum class format : std::uint8_t {
  text,      ///< 2026-11-23T09:04:11.123Z warning 4711 master: worker 2 (4712) exited with code 3
  json,      ///< {"time":…,"level":…,"pid":…,"worker":…,"kind":…,"held_back":…,"message":…}
  journald,  ///< <4>4711 master: … the journal has the time, and takes the level from the prefix
};

[[nodiscard]] std::string_view name_of(level level) noexcept;

struct record {
  std::chrono::system_clock::time_point when{};
  log::level level = log::level::info;
  std::uint64_t pid = 0;
  std::string_view who;   ///< "master", "worker 2"
  std::string_view kind;  ///< the kind of trouble: its rate limit counts by it
  std::string_view message;
  std::uint32_t held_back = 0;  ///< lines of this kind that were not written before this one
};

/// Puts the line together in `room`; the view lives as long as `room`.
///
/// JSON (RFC 8259): the keys come in this order, "held_back" only when it is not 0; "time" is as in
/// the text form. It is valid whatever the message holds: bytes that are not UTF-8 become U+FFFD,
/// and a message that is too long is cut between characters and ends in " [cut]". The prefix of
/// journald is that of man 3 sd-daemon, the numbers those of man 3 syslog.
[[nodiscard]] std::string_view compose(line& room, format format, const record& record);

}  // namespace samjoko::log
