#pragma once
// Charter: waiting for several things at once. The tasks run side by side; the first one to end
// decides, the others are cancelled, and all have ended when the answer is given.

#include <array>
#include <cstddef>
#include <samjoko/task/scope.hpp>

namespace samjoko {

namespace detail {

inline task<> note_first(task<> work, std::size_t index, std::size_t& first, scope& all) {
  constexpr auto nobody = static_cast<std::size_t>(-1);
  co_await std::move(work);
  if (first != nobody) co_return;
  first = index;
  all.cancel();
}

template <std::size_t Count>
task<std::size_t> run_first_of(std::array<task<>, Count> works) {
  auto& context = co_await this_context();
  scope all(context);
  auto first = static_cast<std::size_t>(-1);
  for (std::size_t index = 0; index < Count; ++index)
    all.spawn(note_first(std::move(works[index]), index, first, all));
  const auto joined = co_await all.join();
  static_cast<void>(joined);  // tasks without a result fail by an exception, which join() throws
  co_return first;
}

}  // namespace detail

/// Runs all of them; gives the place, from 0, of the one that ended first. What they found out they
/// leave where the caller can see it; one that was about to end too may have found something as
/// well, so look at all. An exception of any is thrown again, after all have ended. When the caller
/// is cancelled all are, and the place is that of the one that noticed first.
template <class... Tasks>
[[nodiscard]] task<std::size_t> first_of(task<> one, Tasks... others) {
  std::array<task<>, 1 + sizeof...(Tasks)> works{std::move(one), std::move(others)...};
  return detail::run_first_of(std::move(works));
}

}  // namespace samjoko
