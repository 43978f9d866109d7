#pragma once
// Charter: whether a request's conditions hold for the representation there is (RFC 9110 section
// 13), in the order that section 13.2.2 prescribes.

#include <samjoko/proto/request.hpp>

#include <cstdint>
#include <ctime>
#include <optional>
#include <string_view>

namespace samjoko::proto {

/// What identifies the representation that would be sent now.
struct validators {
  std::string_view etag;  ///< as in its field, quotes and W/ included; empty for none
  std::optional<std::time_t> last_modified;
};

enum class precondition : std::uint8_t {
  holds,         ///< go on
  not_modified,  ///< 304
  failed,        ///< 412
};

/// Evaluates If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since. `current` exists: a
/// request for what does not exist is a 404 first. `now` serves dates with two digits for the year.
/// A value that is no date, or a date that comes twice, is as if it were not there; lists of tags
/// in several lines are one list.
[[nodiscard]] precondition evaluate(const request& asked, const validators& current,
                                    std::time_t now) noexcept;

/// Whether a Range may be obeyed: there is no If-Range, or it names exactly the present
/// representation (section 13.1.5). A date that is not at least a second old proves nothing
/// (section 8.8.2.2).
[[nodiscard]] bool if_range_holds(const request& asked, const validators& current,
                                  std::time_t now) noexcept;

/// "*", or a list that contains `etag`. The list is not read on behind a malformed element.
/// `strong`: weak tags equal nothing (section 8.8.3.2).
[[nodiscard]] bool etag_listed(std::string_view list, std::string_view etag, bool strong) noexcept;

}  // namespace samjoko::proto
