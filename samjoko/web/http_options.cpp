#include <samjoko/web/http_options.hpp>

namespace samjoko::web {

result<void> check_options(const http_options& options) {
  const auto refuse = [](std::string why) {
    return failure(condition::bad_argument, "HTTP limits", std::move(why));
  };
  const auto& limits = options.limits;
  if (limits.head_size < least_head_size || limits.head_size > most_head_size) {
    return refuse("a head must be allowed from " + std::to_string(least_head_size) + " to " +
                  std::to_string(most_head_size) + " bytes");
  }
  if (limits.field_count == 0 || limits.field_count > proto::field_count_cap) {
    return refuse("the number of fields must be from 1 to " +
                  std::to_string(proto::field_count_cap));
  }
  if (limits.target_size == 0) return refuse("a target must be allowed at least 1 byte");
  return {};
}

}  // namespace samjoko::web
