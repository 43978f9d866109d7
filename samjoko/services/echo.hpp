#pragma once
// Charter: sends back what it receives. The smallest service, and the plain form of a handler.

#include <samjoko/serve/handler.hpp>

namespace samjoko::services {

[[nodiscard]] service echo();

}  // namespace samjoko::services
