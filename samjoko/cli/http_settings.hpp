#pragma once
// Charter: limits on HTTP from the words of the command line to those of the web, and back.

#include <samjoko/cli/options.hpp>
#include <samjoko/web/http_options.hpp>

namespace samjoko::cli {

[[nodiscard]] web::http_options http_options_of(const http_settings& said);
[[nodiscard]] http_settings http_settings_of(const web::http_options& made);

}  // namespace samjoko::cli
