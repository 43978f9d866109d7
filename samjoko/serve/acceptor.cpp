#include <samjoko/serve/acceptor.hpp>

#include <cerrno>
#include <utility>

namespace samjoko::serve {

void acceptor::accept_until_stopped() {
  while (!stop().requested()) {
    if (wait(true, -1).clients)
      room_.for_each_ready([this](int listener) { static_cast<void>(accept_all(listener)); });
  }
  drain_backlog();
  for (const int listener : work_.listeners) work_.close(listener);
}

/// Accepts clients. While stopping it accepts until no client waits, and then returns true. Out of
/// descriptors: the other clients wait in the backlog.
bool acceptor::accept_all(int listener) {
  const bool stops = stop().requested();
  for (int count = 0; stops || count < accepted_per_round; ++count) {
    scoreboard::peer_name peer;
    const int number = accept_now(listener, true, &peer);
    if (number == -EAGAIN) return true;
    if (number >= 0) {
      admit(os::descriptor(number), peer);
    } else if (!pause(pause_after("accept", -number, work_.counts))) {
      return false;
    }
  }
  return false;
}

/// Our kernel has already accepted the clients in the backlog: they are served, not reset.
void acceptor::drain_backlog() {
  while (stop().level() != stop_level::immediate) {
    bool is_drained = true;
    for (const int listener : work_.listeners) is_drained = accept_all(listener) && is_drained;
    if (is_drained) return;
    tell_clients();
  }
}

/// Keeps trying until there is room: the client is admitted and is not dropped.
void acceptor::admit(os::descriptor socket, const scoreboard::peer_name& peer) {
  auto held = admission_.admit(socket.get());
  if (!held) return;
  client whom{.socket = std::move(socket), .held = std::move(held)};
  while (stop().level() != stop_level::immediate) {
    const auto placed = place(whom, peer);
    if (placed) return;
    static_cast<void>(pause(pause_after(call(), placed.error().code(), work_.counts)));
    if (stop().requested()) tell_clients();
  }
}

/// Hears orders meanwhile. False when it is better to look at everything again.
bool acceptor::pause(milliseconds time) {
  if (time == milliseconds(0)) return true;
  wait(false, static_cast<int>(time.count()));
  return false;
}

}  // namespace samjoko::serve
