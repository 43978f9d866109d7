#include <samjoko/cli/say.hpp>
#include <samjoko/os/output.hpp>

namespace samjoko::cli {

int say(const command& answered) {
  const bool asked_for = answered.exit_code == 0;
  os::write_all(asked_for ? os::standard_output : os::standard_error, answered.print);
  return answered.exit_code;
}

}  // namespace samjoko::cli
