#pragma once
// Charter: which names of people and rooms are allowed, so that two names that look alike are the
// same name. Pure. In the spirit of PRECIS (RFC 8265, section 3.3) and of the restriction to one
// script (UTS 39, section 5.2), kept small: letters of one script, ASCII digits, '-' and '_'. Han,
// Hiragana and Katakana count as one script. Letters must be composed. A character that only
// decorates, joins, spaces or has another width is no letter. A Cyrillic or Greek word whose every
// letter looks like a Latin one is refused too: it could be written to pass for a Latin name.

#include <cstdint>
#include <string_view>

namespace samjoko::services {

enum class name_fault : std::uint8_t { none, character, scripts, looks_latin };

/// `name` is UTF-8 that was checked.
[[nodiscard]] name_fault fault_of_name(std::string_view name) noexcept;
/// The text that tells a client of the fault.
[[nodiscard]] std::string_view in_words(name_fault fault) noexcept;

}  // namespace samjoko::services
