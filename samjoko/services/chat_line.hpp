#pragma once
// Charter: the line that a chat client has sent, parsed, or the reason why it is wrong. Pure. Text
// is UTF-8 and is passed on as it is. Control characters, which could move another client's cursor
// or forge a line, are refused (C0, DEL and C1; RFC 3629 for what UTF-8 is).

#include <cstdint>
#include <string>
#include <string_view>

namespace samjoko::services {

enum class chat_wish : std::uint8_t {
  nothing,  ///< an empty line
  say,      ///< `text`, to the room
  nick,     ///< take the name `word`
  join,     ///< the room `word`
  leave,    ///< the room
  tell,     ///< `text` to `word` alone
  who,      ///< list the room's members
  help,
  quit,
  wrong,  ///< `text` says why
};

/// The views are into the line.
struct chat_line {
  chat_wish what = chat_wish::nothing;
  std::string_view word{};
  std::string_view text{};
};

/// `line` without its end.
[[nodiscard]] chat_line understand(std::string_view line) noexcept;

/// The text of /help.
[[nodiscard]] std::string_view chat_help() noexcept;

}  // namespace samjoko::services
