#pragma once
// Charter: waiting for a handful of descriptors (man 2 poll), with EINTR retried against an
// absolute end.

#include <poll.h>

#include <cstddef>
#include <span>

#include <initializer_list>
#include <samjoko/base/deadline.hpp>
#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {

/// How many of `wanted` are ready; 0 when `until` has passed first. Entries with a negative number
/// are skipped by the kernel.
std::size_t poll_until(std::span<pollfd> wanted, deadline until) noexcept;

/// Waits for one descriptor to be readable (or at its end); false when `until` has passed first.
[[nodiscard]] bool wait_readable(int number, deadline until) noexcept;

/// Several descriptors as one, which is readable while any of them is (an epoll instance in which
/// no thread waits; man 7 epoll, "can itself be polled"). Errors: EMFILE, EBADF.
[[nodiscard]] result<descriptor> watch_together(std::initializer_list<int> numbers);
/// Watches another descriptor, or the same for something else: to be read from, written to, or
/// both. Errors: ENOMEM, ENOSPC.
[[nodiscard]] result<void> watch_also(const descriptor& together, int number, bool to_read,
                                      bool to_write);
/// Stops watching a descriptor. Must come before its close: a registration outlives the number
/// while a forked child holds the same open file.
void watch_no_more(const descriptor& together, int number) noexcept;

}  // namespace samjoko::os
