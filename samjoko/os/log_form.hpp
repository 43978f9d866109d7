#pragma once
// Charter: what a line of the log looks like: for people, for machines (one JSON object a line), or
// for systemd's journal.

#include <cstdint>
#include <string_view>

#include <samjoko/os/log_line.hpp>

namespace samjoko::os {

enum class log_level : std::uint8_t { debug, info, notice, warning, error };

enum class log_format : std::uint8_t {
  text,      ///< 2026-11-23T09:04:11.123Z warning 4711 master: worker 2 (4712) exited with code 3
  json,      ///< {"time":…,"level":…,"pid":…,"worker":…,"kind":…,"held_back":…,"message":…}
  journald,  ///< <4>4711 master: … the journal has the time, and takes the level from the prefix
};

[[nodiscard]] std::string_view name_of(log_level level) noexcept;

struct log_record {
  std::chrono::system_clock::time_point when{};
  log_level level = log_level::info;
  std::uint64_t pid = 0;
  std::string_view who;   ///< "master", "worker 2"
  std::string_view kind;  ///< of trouble: what its rate limit counts by
  std::string_view message;
  std::uint32_t held_back = 0;  ///< lines of this kind that were not written before this one
};

/// Puts the line together in `room`; the view lives as long as that.
///
/// JSON (RFC 8259): keys in this order, "held_back" only when it is not 0; "time" as in text. It is
/// valid whatever the message holds: bytes that are no UTF-8 become U+FFFD, and a message that is
/// too long is cut between characters and ends in " [cut]". The prefix of journald is that of man 3
/// sd-daemon, the numbers those of man 3 syslog.
[[nodiscard]] std::string_view compose(log_line& room, log_format format, const log_record& record);

}  // namespace samjoko::os
