#pragma once
// Charter: the hub itself: one thread in a process of its own that moves frames between links. It
// runs no user's code and believes nothing that it reads. Publishers wait for a full subscriber no
// longer than limits::publisher_wait; what it holds is bounded by its limits.

#include <functional>
#include <samjoko/base/result.hpp>
#include <samjoko/hub/limits.hpp>

namespace samjoko::hub {

struct server_orders {
  /// Readable when there is something to take; -1: none.
  int descriptor = -1;
  /// Whether to end now: asked when the descriptor is readable, and when the last link has gone.
  std::function<bool()> stop_asked;
  /// Another hub was here before: names are its links' for limits::name_grace.
  bool is_successor = false;
  /// Called for each link that is let in. May be empty.
  std::function<void()> admitted{};
  /// Called with the number of links when it has changed. May be empty.
  std::function<void(std::size_t)> holds{};
};

/// Serves until it is told to stop. `listener` is a unix socket, not owned, that stays good when
/// this process dies: those who connect wait in its backlog for the next hub. Only processes of
/// this process's own user are let in.
void run_server(int listener, const limits& bounds, const server_orders& orders);

}  // namespace samjoko::hub
