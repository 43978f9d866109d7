#pragma once
// Charter: converts limits on HTTP from cli::http_settings to web::http_options, and back.

#include <samjoko/cli/options.hpp>
#include <samjoko/web/http_options.hpp>

namespace samjoko::cli {

[[nodiscard]] web::http_options http_options_of(const http_settings& said);
[[nodiscard]] http_settings http_settings_of(const web::http_options& made);

}  // namespace samjoko::cli
