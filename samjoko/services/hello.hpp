#pragma once
// Charter: the smallest web server: the same 13 bytes for every path. For trials and measurements.

#include <samjoko/web/http_service.hpp>

namespace samjoko::services {

/// `options` must pass web::check_options().
[[nodiscard]] service make_hello(web::http_options options = {});

}  // namespace samjoko::services
