#pragma once
// Charter: the hub itself: one thread in a process of its own that moves frames between links. It
// runs no user's code and trusts nothing that it reads. Publishers wait for a full subscriber no
// longer than limits::publisher_wait. Its limits bound what it holds.

#include <functional>
#include <samjoko/base/result.hpp>
#include <samjoko/hub/limits.hpp>

namespace samjoko::hub {

struct server_orders {
  /// Readable when there is something to take; -1: none.
  int descriptor = -1;
  /// Whether to end now: asked when the descriptor is readable, and when the last link has gone.
  std::function<bool()> stop_asked;
  /// Another hub ran here before: for limits::name_grace, names are kept for its links.
  bool is_successor = false;
  /// Called for each link that is admitted. May be empty.
  std::function<void()> admitted{};
  /// Called with the number of links when it has changed. May be empty.
  std::function<void(std::size_t)> holds{};
};

/// Serves until it is told to stop. `listener` is a unix socket, not owned, that stays open when
/// this process dies: links that connect then wait in its backlog for the next hub. Only processes
/// of this process's own user are admitted.
void run_server(int listener, const limits& bounds, const server_orders& orders);

}  // namespace samjoko::hub
