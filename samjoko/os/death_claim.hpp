#pragma once
// Charter: what the master takes over of a death that a worker has recorded. The worker may have
// been taken over by its client: of the record is believed what the worker alone can know of a
// process of its own; the rest is what the master knows. Pure.

#include <cstdint>
#include <samjoko/os/death_record.hpp>
#include <samjoko/os/registrar.hpp>

namespace samjoko::os {

/// `common`: what the master knows of the worker whose record it is. `captures`: how many slots
/// there are. `now_ms`: of the wall clock. `pid_can_be_its`: whether the process that it names can
/// have been one of its own.
[[nodiscard]] death_record believed(const death_record& claimed, const deceased& common,
                                    std::size_t captures, std::int64_t now_ms, bool pid_can_be_its);

}  // namespace samjoko::os
