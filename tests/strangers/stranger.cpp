// A user's program with a CLI11 and a fmt of its own (CLI/CLI.hpp and fmt/format.h beside it) on
// the installed library. It throws and catches their exceptions, before it serves and while it
// does, and falls over when it is asked to.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <samjoko/samjoko.hpp>

#include <charconv>
#include <string>
#include <string_view>

namespace {

int* volatile nowhere = nullptr;

std::string own_exceptions(int code) {
  std::string said;
  try {
    throw CLI::ParseError("thrown by its owner", code);
  } catch (const CLI::Error& error) {
    said += std::string(error.what()) + " with " + std::to_string(error.code());
  }
  try {
    fmt::detail::throw_format_error("");
  } catch (const fmt::format_error& error) {
    said += " and " + std::to_string(error.number);
  }
  return said;
}

bool own_libraries_work() {
  CLI::App app("a program", "stranger");
  app.add_subcommand("sub", "of it")->add_flag("--flag")->clear();
  app.pre_callback();
  app.clear();
  app.increment_parsed();
  app._configure();
  app._validate();
  fmt::detail::bigint number;
  number.multiply(3);
  return app.count_all() == 1 && number.times == 3 && fmt::version_of() == "another" &&
         fmt::vformat({}, {}) == "a stranger's text" &&
         own_exceptions(7) == "thrown by its owner with 7 and 5";
}

}  // namespace

// Names that a report of the death has to show.
__attribute__((noinline)) void stranger_falls_over() { *nowhere = 1; }
__attribute__((noinline)) void stranger_is_asked_to() {
  stranger_falls_over();
  nowhere = nullptr;  // so that the call above is not the last, which would be a jump
}

samjoko::task<> serve(samjoko::connection& client) {
  while (const auto line = co_await client.read_line()) {
    std::string answer(*line);
    if (answer == "fall") stranger_is_asked_to();
    if (answer == "throw") answer = own_exceptions(8);
    const auto written = co_await client.write(answer, "\n");
    if (!written) co_return;
  }
}

int main(int argc, char** argv) {
  if (!own_libraries_work()) return 97;
  const int code = samjoko::run(argc, argv, {.name = "stranger", .handler = serve});
  return own_libraries_work() ? code : 97;
}
