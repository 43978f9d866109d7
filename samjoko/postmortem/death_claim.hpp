#pragma once
// Charter: which parts of a worker's record of a death the master takes over. The worker may be
// controlled by its client. So the master takes from the record only what the worker alone can know
// of a process of its own; the rest is what the master knows. Pure.

#include <cstdint>
#include <samjoko/postmortem/death_record.hpp>
#include <samjoko/postmortem/death_recorder.hpp>

namespace samjoko::postmortem {

/// `common`: what the master knows of the worker whose record it is. `captures`: how many slots
/// there are. `now_ms`: of the wall clock. `pid_can_be_its`: whether the process that the record
/// names can have been one of the worker's.
[[nodiscard]] death_record believed(const death_record& claimed, const death_report& common,
                                    std::size_t captures, std::int64_t now_ms, bool pid_can_be_its);

}  // namespace samjoko::postmortem
