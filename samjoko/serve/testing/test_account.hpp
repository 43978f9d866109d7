#pragma once
// Charter: for tests: an account, and a client that comes.

#include <gtest/gtest.h>

#include <samjoko/serve/connection_limiter.hpp>

namespace samjoko::serve {

inline connection_limiter account_of(std::uint32_t in_all, std::uint32_t of_peer,
                                     std::size_t workers = 4) {
  serve_limits limits;
  limits.max_connections = in_all;
  limits.max_connections_per_peer = of_peer;
  return connection_limiter::make(limits, workers).value();
}

inline constexpr std::uint64_t somebody = 77;
inline constexpr std::uint64_t somebody_else = 78;

/// A client comes; returns whether it was admitted.
inline bool comes(const connection_limiter& account, holder_tag who, seats& taken,
                  std::uint64_t peer = somebody) {
  return account.enter(who, peer, 0, taken) == entry::admitted;
}
inline bool comes(const connection_limiter& account, holder_tag who,
                  std::uint64_t peer = somebody) {
  seats taken;
  return comes(account, who, taken, peer);
}

}  // namespace samjoko::serve
