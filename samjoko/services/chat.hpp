#pragma once
// Charter: a chat of lines: a name, a room, private messages. A room is the same for all
// connections, workers and models. A turn handler with a state: no client holds a frame while none
// sends. /help lists the commands; chat_words.hpp says what the lines of an answer begin with.

#include <cstddef>
#include <cstdint>
#include <samjoko/service/handler.hpp>

namespace samjoko::services {

struct chat_options {
  /// Bytes of a line with its end; a longer one is refused, once, and skipped to its end. At most
  /// connection::longest_text.
  std::size_t line_limit = 1024;
  /// How many lines one sender may send, with five seconds' worth in a burst; one more is refused.
  /// 0: any number.
  std::uint32_t lines_per_second = 20;
};

[[nodiscard]] service chat(chat_options options = {});

}  // namespace samjoko::services
