#include <samjoko/cli/http_settings.hpp>

namespace samjoko::cli {

web::http_options http_options_of(const http_settings& said) {
  web::http_options http;
  http.limits.head_size = said.max_head;
  http.limits.target_size = said.max_target;
  http.limits.field_count = said.max_headers;
  http.limits.discarded_body_size = said.max_body;
  http.head_timeout = said.head_timeout;
  http.body_timeout = said.body_timeout;
  http.identify = said.identify;
  return http;
}

http_settings http_settings_of(const web::http_options& made) {
  http_settings said;
  said.max_head = static_cast<std::uint32_t>(made.limits.head_size);
  said.max_target = static_cast<std::uint32_t>(made.limits.target_size);
  said.max_headers = static_cast<std::uint32_t>(made.limits.field_count);
  said.max_body = made.limits.discarded_body_size;
  said.head_timeout = made.head_timeout;
  said.body_timeout = made.body_timeout;
  said.identify = made.identify;
  return said;
}

}  // namespace samjoko::cli
