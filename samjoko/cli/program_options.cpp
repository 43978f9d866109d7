// The options that hold for a whole program, whatever it serves. A row is all there is to an option
// (option.hpp says what its fields mean).
#include <samjoko/cli/option_rows.hpp>

namespace samjoko::cli {
namespace {

using options = serve_options;

option_group program_rows() {
  return {"The program",
          {
              {.name = "config",
               .kind = "FILE",
               .help = "a TOML file of options, and of services when none is named",
               .holds_for = extent::program,
               .standard_words = "none",
               .take = into(parse_text, &options::config_file)},
              {.name = "stop-timeout",
               .kind = "TIME",
               .standard = "30s",
               .help = "to finish clients in when stopped",
               .holds_for = extent::program,
               .take = into(parse_time, &options::stop_timeout)},
              {.name = "log",
               .kind = "FILE",
               .help = "append to this file",
               .holds_for = extent::program,
               .standard_words = "standard error",
               .take = into(parse_text, &options::log_file)},
              {.name = "log-level",
               .kind = "LEVEL",
               .standard = "info",
               .help = "debug, info, notice, warning or error",
               .holds_for = extent::program,
               .choices = {"debug", "info", "notice", "warning", "error"},
               .take = into(parse_level, &options::log_level)},
              {.name = "user",
               .kind = "USER",
               .help = "workers give up root for this user",
               .holds_for = extent::program,
               .standard_words = "stay",
               .take = into(parse_text, &options::user)},
              {.name = "group",
               .kind = "GROUP",
               .help = "and this group",
               .holds_for = extent::program,
               .standard_words = "the user's",
               .needs = "user",
               .take = into(parse_text, &options::group)},
          }};
}

}  // namespace

std::vector<option_group> program_options() { return {program_rows()}; }

}  // namespace samjoko::cli
