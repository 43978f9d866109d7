#include <samjoko/proto/request.hpp>

#include <samjoko/proto/grammar.hpp>

namespace samjoko::proto {

std::optional<std::string_view> request::find(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < count_; ++i) {
    if (equal_ignoring_case(text(slots_[i].name()), name)) return text(slots_[i].value());
  }
  return std::nullopt;
}

}  // namespace samjoko::proto
