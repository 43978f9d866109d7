#pragma once
// Charter: what the plan reports, in words for the operator.

#include <string_view>

#include <samjoko/supervise/plan.hpp>

namespace samjoko::supervise {

/// Logs an action that is a report. `who`: the worker's title; for a report of one worker.
void report(const action& told, std::string_view who, const plan_settings& settings);

}  // namespace samjoko::supervise
