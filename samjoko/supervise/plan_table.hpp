#pragma once
// Charter: the life of one worker slot as a table: in this state, on this event, go to that state
// and do this. A pair that is not listed changes nothing. No clock, no process, no descriptor: all
// of the supervisor's decisions can be tested without forking.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace samjoko::supervise {

enum class slot_state : std::uint8_t {
  empty,        ///< no worker, and none wanted
  starting,     ///< forked, has not said that it is ready
  settling,     ///< ready, but for less than a second
  stable,       ///< ready for a second or more
  draining,     ///< stops gracefully: by order, or of its own accord
  terminating,  ///< was told to stop at once
  killed,       ///< SIGKILL was sent
  backoff,      ///< no worker; the next is forked when the back-off is over
  failed,       ///< no worker; failed too often, given up
  disabled,     ///< no worker; its exit code said that it must not be restarted
};

enum class slot_event : std::uint8_t {
  wanted,        ///< at the start, or one worker more
  ready,         ///< the worker says so
  settled,       ///< ready for a second
  leaves,        ///< the worker says that it stops by itself
  stop,          ///< a graceful stop is ordered, or this worker is one too many
  stop_now,      ///< an immediate stop is ordered
  boot_over,     ///< the deadline for being ready has passed
  drain_over,    ///< the deadline of a graceful stop has passed
  grace_over,    ///< an immediate stop took too long
  due,           ///< the back-off is over
  fork_failed,   ///< there is no process (EAGAIN, ENOMEM), or no channel for it
  failed,        ///< it ended before it had become stable, and had served no client
  failed_often,  ///< the same, and it was once too often
  died,          ///< it had become stable or served, and ended without being told
  held,          ///< the same, but its group's workers end faster than they may be replaced
  left,          ///< it ended and no other is wanted
  disabled,      ///< it ended with the code that means "do not restart me"
  revived,       ///< an operator orders that the slot, given up, is tried anew
};

enum class slot_action : std::uint8_t { none, fork, tell_graceful, tell_immediate, kill };

struct transition {
  slot_state from;
  slot_event on;
  slot_state to;
  slot_action act;
};

[[nodiscard]] std::span<const transition> transitions() noexcept;
/// Null when the pair changes nothing.
[[nodiscard]] const transition* find_transition(slot_state from, slot_event on) noexcept;

/// Whether a process belongs to the slot in this state.
[[nodiscard]] bool has_process(slot_state state) noexcept;

[[nodiscard]] std::string_view name_of(slot_state state) noexcept;
[[nodiscard]] std::string_view name_of(slot_event event) noexcept;
[[nodiscard]] std::string_view name_of(slot_action act) noexcept;

/// The table for the documentation: one row per transition.
[[nodiscard]] std::string transitions_as_markdown();
/// The same as a diagram of states in Mermaid's language, without its fence. Transitions between
/// the same two states share an arrow.
[[nodiscard]] std::string transitions_as_diagram();

}  // namespace samjoko::supervise
