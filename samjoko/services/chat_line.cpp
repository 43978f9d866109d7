#include <samjoko/services/chat_line.hpp>

#include <algorithm>
#include <array>
#include <samjoko/services/chat_name.hpp>

namespace samjoko::services {
namespace {

enum class text_fault : std::uint8_t { none, control, not_utf8 };

std::uint8_t at(std::string_view text, std::size_t index) noexcept {
  return static_cast<std::uint8_t>(text[index]);
}

/// How many bytes the character at the front has; 0 when it is none (RFC 3629 section 4).
std::size_t character_size(std::string_view text) noexcept {
  const auto first = at(text, 0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  for (std::size_t n = 1; n < size; ++n) {
    if ((at(text, n) & 0xC0) != 0x80) return 0;
  }
  const auto second = at(text, 1);
  const bool too_long_form = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second > 0x9F;
  const bool beyond = first == 0xF4 && second > 0x8F;
  return too_long_form || surrogate || beyond ? 0 : size;
}

text_fault fault_of(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto size = character_size(text);
    if (size == 0) return text_fault::not_utf8;
    const auto first = at(text, 0);
    if (first < 0x20 || first == 0x7F) return text_fault::control;
    if (first == 0xC2 && at(text, 1) < 0xA0) return text_fault::control;  // C1
    text.remove_prefix(size);
  }
  return text_fault::none;
}

chat_line wrong(std::string_view why) noexcept { return {.what = chat_wish::wrong, .text = why}; }

std::string_view trimmed(std::string_view text) noexcept {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

struct command {
  std::string_view name;
  chat_wish what;
  bool has_word;
  bool has_text;
  std::string_view usage;
};
constexpr std::array<command, 7> commands{{
    {"/nick", chat_wish::nick, true, false, "write: /nick NAME"},
    {"/join", chat_wish::join, true, false, "write: /join ROOM"},
    {"/msg", chat_wish::tell, true, true, "write: /msg NAME TEXT"},
    {"/leave", chat_wish::leave, false, false, "write: /leave alone"},
    {"/who", chat_wish::who, false, false, "write: /who alone"},
    {"/help", chat_wish::help, false, false, "write: /help alone"},
    {"/quit", chat_wish::quit, false, false, "write: /quit alone"},
}};

}  // namespace

chat_line understand(std::string_view line) noexcept {
  switch (fault_of(line)) {
    case text_fault::control: return wrong("control characters are not passed on");
    case text_fault::not_utf8: return wrong("this is not UTF-8");
    case text_fault::none: break;
  }
  if (trimmed(line).empty()) return {};
  if (!line.starts_with('/')) return {.what = chat_wish::say, .text = line};
  const auto space = std::min(line.find(' '), line.size());
  const auto* found = std::ranges::find(commands, line.substr(0, space), &command::name);
  if (found == commands.end()) return wrong("there is no such command: /help lists them");
  auto rest = trimmed(line.substr(space));
  if (!found->has_word) return rest.empty() ? chat_line{.what = found->what} : wrong(found->usage);
  const auto end = std::min(rest.find(' '), rest.size());
  const chat_line said{
      .what = found->what, .word = rest.substr(0, end), .text = trimmed(rest.substr(end))};
  if (said.word.empty() || said.text.empty() == found->has_text) return wrong(found->usage);
  const auto fault = fault_of_name(said.word);
  if (fault != name_fault::none) return wrong(in_words(fault));
  return said;
}

std::string_view chat_help() noexcept {
  return "* /nick NAME      to be called NAME\n"
         "* /join ROOM      to be in that room, and in no other\n"
         "* /leave          to be in none\n"
         "* /who            who is in the room\n"
         "* /msg NAME TEXT  to NAME alone\n"
         "* /quit           goodbye\n"
         "* anything else is said to the room\n";
}

}  // namespace samjoko::services
