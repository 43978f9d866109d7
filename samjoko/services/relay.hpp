#pragma once
// Charter: passes bytes both ways between each client and another server. Half-close is kept: when
// one side has finished sending, the other is told so and may go on.

#include <samjoko/serve/handler.hpp>

namespace samjoko::services {

struct relay_options {
  os::address to;
  milliseconds connect_timeout{10'000};
};

[[nodiscard]] service relay(relay_options options);

}  // namespace samjoko::services
