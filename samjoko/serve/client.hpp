#pragma once
// Charter: a client as data: all there is of it while no task runs for it. It can be given to
// another loop or another thread, which serves it from there on.

#include <samjoko/base/deadline.hpp>
#include <samjoko/net/wake_source.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/serve/permit.hpp>
#include <samjoko/service/handler.hpp>

namespace samjoko::serve {

/// An idle client: no byte of it is unread, it has neither frame nor buffer.
struct client {
  os::descriptor socket;
  permit held{};
  client_state state{};
  wake_source* beside = nullptr;  ///< lives in the state
  bool had_turn = false;
};

/// A client that has been half-closed and is read to its end.
struct half_closed_client {
  os::descriptor socket;
  permit held{};
  deadline until{};            ///< when its time is over
  bool gets_more_time = true;  ///< while it takes what is under way to it: see slow_reader
};

}  // namespace samjoko::serve
