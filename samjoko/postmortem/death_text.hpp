#pragma once
// Charter: a death in words: one line, for people.

#include <samjoko/os/exit_status.hpp>
#include <samjoko/postmortem/death_record.hpp>
#include <string>

namespace samjoko::postmortem {

[[nodiscard]] os::exit_status status_of(const death_record& dead) noexcept;
/// "worker 2 (4712)", "process 4713 of one client"
[[nodiscard]] std::string who(const death_record& dead);
/// "crash (proved): invalid memory reference at address 0x10"
[[nodiscard]] std::string why(const death_record& dead);
/// " "GET / HTTP/1.1" of hello to 127.0.0.1:4711"; empty when it served no client.
[[nodiscard]] std::string what_it_served(const death_record& dead);
/// Which process, how, when, why, what it was doing, and the innermost three calls of the user's
/// own code. One line.
[[nodiscard]] std::string as_sentence(const death_record& dead);

}  // namespace samjoko::postmortem
