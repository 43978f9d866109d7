#include <samjoko/task/failures.hpp>

#include <stdexcept>

namespace samjoko::detail {

void throw_unheeded_failures() {
  throw std::runtime_error(
      "50000 waits in a row failed and the handler went on: look at what read(), write() and "
      "the other waits return");
}

}  // namespace samjoko::detail
