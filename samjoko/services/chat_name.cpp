#include <samjoko/services/chat_name.hpp>

#include <algorithm>
#include <array>

namespace samjoko::services {
namespace {

enum class script : std::uint8_t {
  any,
  latin,
  greek,
  cyrillic,
  armenian,
  hebrew,
  arabic,
  devanagari,
  thai,
  georgian,
  east_asian,
  hangul,
};

struct letters {
  char32_t first, last;
  script of;
};

/// Letters of Unicode 15 (Scripts.txt), ascending: those in use, without those that decompose
/// (NFKC) and those that look like punctuation.
constexpr std::array all_letters{
    letters{'-', '-', script::any},
    letters{'0', '9', script::any},
    letters{'A', 'Z', script::latin},
    letters{'_', '_', script::any},
    letters{'a', 'z', script::latin},
    letters{0xC0, 0xD6, script::latin},
    letters{0xD8, 0xF6, script::latin},
    letters{0xF8, 0x131, script::latin},
    letters{0x134, 0x13E, script::latin},
    letters{0x141, 0x148, script::latin},
    letters{0x14A, 0x17E, script::latin},
    letters{0x18F, 0x18F, script::latin},
    letters{0x1A0, 0x1A1, script::latin},
    letters{0x1AF, 0x1B0, script::latin},
    letters{0x1CD, 0x1DC, script::latin},
    letters{0x1E6, 0x1E7, script::latin},
    letters{0x218, 0x21B, script::latin},
    letters{0x259, 0x259, script::latin},
    letters{0x386, 0x386, script::greek},
    letters{0x388, 0x38A, script::greek},
    letters{0x38C, 0x38C, script::greek},
    letters{0x38E, 0x3A1, script::greek},
    letters{0x3A3, 0x3CE, script::greek},
    letters{0x400, 0x481, script::cyrillic},
    letters{0x48A, 0x4FF, script::cyrillic},
    letters{0x531, 0x556, script::armenian},
    letters{0x561, 0x586, script::armenian},
    letters{0x5D0, 0x5EA, script::hebrew},
    letters{0x620, 0x63F, script::arabic},
    letters{0x641, 0x64A, script::arabic},
    letters{0x671, 0x674, script::arabic},
    letters{0x679, 0x6D3, script::arabic},
    letters{0x901, 0x939, script::devanagari},
    letters{0x93E, 0x94D, script::devanagari},
    letters{0xE01, 0xE32, script::thai},
    letters{0xE34, 0xE3A, script::thai},
    letters{0xE40, 0xE4E, script::thai},
    letters{0x10D0, 0x10F0, script::georgian},
    letters{0x1E02, 0x1E99, script::latin},
    letters{0x1E9E, 0x1E9E, script::latin},
    letters{0x1EA0, 0x1EF9, script::latin},
    letters{0x3005, 0x3005, script::east_asian},
    letters{0x3041, 0x3096, script::east_asian},
    letters{0x30A1, 0x30FA, script::east_asian},
    letters{0x30FC, 0x30FC, script::east_asian},
    letters{0x3400, 0x4DBF, script::east_asian},
    letters{0x4E00, 0x9FFF, script::east_asian},
    letters{0xAC00, 0xD7A3, script::hangul},
};

/// From the confusables of UTS 39: letters that could be taken for a Latin letter of today's names.
constexpr std::u32string_view like_latin =
    U"\u0391\u0392\u0395\u0396\u0397\u0399\u039A\u039C\u039D\u039F\u03A1\u03A4\u03A5\u03A7"
    U"\u03B1\u03B3\u03B9\u03BA\u03BD\u03BF\u03C1\u03C3\u03C5\u03C7"
    U"\u0405\u0406\u0408\u0410\u0412\u0415\u041A\u041C\u041D\u041E\u0420\u0421\u0422\u0425"
    U"\u0430\u0435\u043A\u043E\u0440\u0441\u0443\u0445\u0455\u0456\u0457\u0458\u0474\u0475"
    U"\u04AE\u04AF\u04BB\u04C0\u04CF";

/// Takes the character at the front off and returns it.
char32_t take_character(std::string_view& text) noexcept {
  const auto first = static_cast<std::uint8_t>(text.front());
  const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t value = size == 1 ? first : first & (0x7FU >> size);
  for (std::size_t n = 1; n < size; ++n)
    value = value << 6 | (static_cast<std::uint8_t>(text[n]) & 0x3FU);
  text.remove_prefix(size);
  return value;
}

const letters* find_letter(char32_t character) noexcept {
  const auto* found = std::ranges::lower_bound(all_letters, character, {}, &letters::last);
  return found == all_letters.end() || character < found->first ? nullptr : found;
}

}  // namespace

name_fault fault_of_name(std::string_view name) noexcept {
  auto of_name = script::any;
  bool all_like_latin = true;
  while (!name.empty()) {
    const auto character = take_character(name);
    const auto* letter = find_letter(character);
    if (letter == nullptr) return name_fault::character;
    if (letter->of == script::any) continue;
    if (of_name != script::any && letter->of != of_name) return name_fault::scripts;
    of_name = letter->of;
    all_like_latin = all_like_latin && like_latin.contains(character);
  }
  const bool may_pass_for_latin = of_name == script::cyrillic || of_name == script::greek;
  return may_pass_for_latin && all_like_latin ? name_fault::looks_latin : name_fault::none;
}

std::string_view in_words(name_fault fault) noexcept {
  switch (fault) {
    case name_fault::none: return {};
    case name_fault::character: return "a name is of letters, digits, - and _";
    case name_fault::scripts: return "a name is of one script: its letters are of several";
    case name_fault::looks_latin: return "that name looks like another in Latin letters";
  }
  return {};
}

}  // namespace samjoko::services
