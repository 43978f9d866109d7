#pragma once
// Charter: a program with one service of its own: how the service is entered among the services,
// which of its settings are refused, and how it takes the limits that were set.

#include <samjoko/cli/options.hpp>
#include <samjoko/service/handler.hpp>

namespace samjoko::cli {

[[nodiscard]] service_entry entry_of(const service& own);

/// Checks the service itself; condition::bad_argument.
[[nodiscard]] result<void> check_service(const service& own);

/// Checks choices that came as data, which no parser has seen: a value out of bounds is an error,
/// and what follows from another choice is filled in.
[[nodiscard]] result<void> settle_data(serve_options& options, const service& own);

/// The service with the limits on HTTP of `options`, when it speaks HTTP; condition::bad_argument
/// when they cannot be kept.
[[nodiscard]] result<service> with_limits(const service& own, const serve_options& options);

/// Refuses choices that would serve the clients of a one-process service in several; in words of
/// the command line, condition::bad_argument.
[[nodiscard]] result<void> check_one_process(const serve_options& options);

/// `pool-max` alone lowers a minimum that was not set, `pool-min` alone raises such a maximum.
void let_pool_follow(serve_limits& limits, bool min_said, bool max_said) noexcept;

}  // namespace samjoko::cli
