#include <samjoko/web/http_options.hpp>

#include <samjoko/io/buffers.hpp>

namespace samjoko::web {

result<void> check_options(const http_options& options) {
  const auto refuse = [](std::string why) {
    return failure(condition::bad_argument, "HTTP limits", std::move(why));
  };
  const auto& limits = options.limits;
  constexpr auto block = io::buffer_pool::block_size;
  if (limits.head_size > block)
    return refuse("a head can have at most " + std::to_string(block) + " bytes");
  if (limits.head_size < 64) return refuse("a head must be allowed at least 64 bytes");
  if (limits.field_count == 0 || limits.field_count > proto::field_count_cap) {
    return refuse("the number of fields must be from 1 to " +
                  std::to_string(proto::field_count_cap));
  }
  if (limits.target_size == 0) return refuse("a target must be allowed at least 1 byte");
  return {};
}

}  // namespace samjoko::web
