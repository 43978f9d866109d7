#include <fmt/format.h>

#include <samjoko/cli/print.hpp>
#include <samjoko/os/output.hpp>

namespace samjoko::cli {

int print_answer(std::string_view program, std::string_view text) {
  const int code = os::write_all(os::standard_output, text);
  if (code == 0) return 0;
  os::write_all(os::standard_error,
                fmt::format("{}: the answer could not be written: {}\n", program, reason(code)));
  return exit_not_written;
}

int print(std::string_view program, const command& answered) {
  if (answered.exit_code == 0) return print_answer(program, answered.print);
  os::write_all(os::standard_error, answered.print);
  return answered.exit_code;
}

}  // namespace samjoko::cli
