#pragma once
// Charter: what holds for a program with one service of its own: how it is entered among the
// services, what of it cannot be served, and how it takes the limits that somebody said.

#include <samjoko/cli/options.hpp>
#include <samjoko/serve/handler.hpp>

namespace samjoko::cli {

[[nodiscard]] service_entry entry_of(const service& own);

/// What is wrong with the service itself; condition::bad_argument.
[[nodiscard]] result<void> check_service(const service& own);

/// The same for choices that came as data, which no parser has seen: what is out of bounds is an
/// error, what follows from another choice is filled in.
[[nodiscard]] result<void> settle_data(serve_options& options, const service& own);

/// With the limits on HTTP of `options`, when it speaks HTTP; condition::bad_argument when they
/// cannot be kept.
[[nodiscard]] result<service> with_limits(const service& own, const serve_options& options);

/// What would serve clients of a service for one process in several; in words of the command line,
/// condition::bad_argument.
[[nodiscard]] result<void> check_one_process(const serve_options& options);

/// `pool-max` alone lowers the minimum that nobody asked for, `pool-min` alone raises the maximum.
void let_pool_follow(serve_limits& limits, bool min_said, bool max_said) noexcept;

}  // namespace samjoko::cli
