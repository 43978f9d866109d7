#pragma once
// Charter: one death, as it is remembered: which process, how, why and how surely, and what it was
// doing. Plain fields in memory that the processes of a program share (postmortem/death_ring.hpp),
// so that the record outlives the process that died and the process that wrote it.

#include <sys/types.h>

#include <cstdint>
#include <samjoko/os/fixed_text.hpp>
#include <string_view>
#include <type_traits>

namespace samjoko::postmortem {

enum class death_role : std::uint8_t {
  worker,
  client_process,  ///< forked for one client
  pool_process,    ///< a process of a pool
  orphan,          ///< its worker ended before it, so that the master reaped it
  other,           ///< a process beside the workers; its title says which
};

enum class death_cause : std::uint8_t {
  unknown,
  own_exit,       ///< it called exit, or returned
  crash,          ///< a fault of its own code
  abort,          ///< abort(3): an uncaught exception, a failed CHECK, a heap found corrupt
  out_of_memory,  ///< the kernel's out-of-memory killer
  own_limit,      ///< we ended it: a time limit of ours had passed
  signal,         ///< it was sent a signal
};

/// How far the evidence goes.
enum class certainty : std::uint8_t { unknown, likely, proved };

/// The limit of ours that ended it.
enum class own_limit : std::uint8_t {
  none,
  boot,   ///< it did not become ready in time
  drain,  ///< a graceful stop took too long
  grace,  ///< an immediate stop took too long
  stuck,  ///< a thread ran for too long without returning to the library
  left,   ///< its worker had ended, and it did not end when it was told to
};

/// What the counter of out-of-memory kills showed.
struct memory_evidence {
  bool known = false;        ///< it could be read
  bool own = false;          ///< no other process of this program is in that cgroup
  std::uint64_t before = 0;  ///< the counter at the beginning of the interval
  std::uint64_t after = 0;
  std::uint64_t told = 0;    ///< how many of the rise were told as other deaths already
  std::uint64_t killed = 0;  ///< deaths by SIGKILL in the interval that are not ours
};

struct death_record {
  std::uint64_t sequence = 0;  ///< from 1 up, over all deaths of the program
  std::int64_t when_ms = 0;    ///< of the wall clock, milliseconds of the epoch

  pid_t pid = 0;
  death_role role = death_role::worker;
  std::uint32_t worker = 0;  ///< its number, or its worker's number; 0: none
  std::uint64_t generation = 0;
  os::fixed_text<48> title;   ///< "worker 2 of thread-pool"
  os::fixed_text<32> model;   ///< "process", "thread-pool"
  std::int64_t age_ms = -1;   ///< -1: not known
  std::uint64_t clients = 0;  ///< how many it began to serve
  std::int64_t user_us = 0;   ///< processor time (man 2 getrusage)
  std::int64_t system_us = 0;
  std::int64_t most_memory_kib = 0;

  bool exited = false;      ///< it exited, or else it was killed
  std::uint8_t code = 0;    ///< when it exited
  std::uint8_t signal = 0;  ///< when it was killed
  bool core_dumped = false;

  death_cause cause = death_cause::unknown;
  certainty sure = certainty::unknown;
  own_limit limit = own_limit::none;
  std::int64_t limit_ms = 0;
  bool has_fault_address = false;
  bool stack_overflow = false;
  std::uint64_t fault_address = 0;
  pid_t sender = 0;  ///< the sender of the signal; 0: not known, or none
  uid_t sender_user = 0;
  bool has_sender_user = false;
  os::fixed_text<512> message;  ///< its last words
  memory_evidence memory;
  os::fixed_text<128> cgroup;

  bool was_running = false;  ///< `peer` and `request` are those of the thread that died
  pid_t thread = 0;          ///< the thread that died, or was stuck; 0: not known
  std::uint32_t stuck_threads = 0;
  os::fixed_text<64> peer;
  os::fixed_text<32> service;
  os::fixed_text<128> request;
  std::int64_t merely_open = -1;  ///< connections that were open and not being served; -1: unknown

  std::uint32_t capture = 0;  ///< the slot whose stack is still to be unwound, plus 1; 0: none
  os::fixed_text<160> stack_remark;  ///< why it is missing, or cut
  os::fixed_text<4096> stack;        ///< one call a line, the innermost first
};
static_assert(std::is_trivially_copyable_v<death_record>);

[[nodiscard]] std::string_view name_of(death_role role) noexcept;
[[nodiscard]] std::string_view name_of(death_cause cause) noexcept;
[[nodiscard]] std::string_view name_of(certainty sure) noexcept;
[[nodiscard]] std::string_view name_of(own_limit limit) noexcept;

}  // namespace samjoko::postmortem
