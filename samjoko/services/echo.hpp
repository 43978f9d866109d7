#pragma once
// Charter: sends back what it receives. The smallest service of the turn form: a silent client
// costs neither a frame nor a buffer. examples/echo.cpp is the same in the plain form.

#include <samjoko/service/handler.hpp>

namespace samjoko::services {

[[nodiscard]] service echo();

}  // namespace samjoko::services
