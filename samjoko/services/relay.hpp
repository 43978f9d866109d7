#pragma once
// Charter: passes bytes both ways between each client and another server. Half-close is kept: when
// one side has finished sending, the other is told so and may go on.
//
// An abort is kept too. When a side is reset, or the relay itself cuts (silence, a limit on the
// turn, a stop at once, the death of its process, no server behind it), the bytes that came are
// written, and then the other side is reset: it reads ECONNRESET and no end, so that half an answer
// does not count as a whole one. A unix peer knows no reset and reads an end (net/connection.hpp,
// reset).

#include <samjoko/net/destination.hpp>
#include <samjoko/service/handler.hpp>

namespace samjoko::services {

struct relay_options {
  destination to;
  milliseconds connect_timeout{10'000};
};

[[nodiscard]] service relay(relay_options options);

}  // namespace samjoko::services
