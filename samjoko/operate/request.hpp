#pragma once
// Charter: the language of the control socket: a request is one line, `[json ]COMMAND[ ARGUMENTS]`.
// An answer is a line with the exit code for the command that asked (0; 2: not understood; 3:
// refused), then the text for its output, then the end of the connection.
//
//   status · deaths[ N] · scale N[ GROUP] · reset-failed[ GROUP] · stop · stop now · reopen-logs

#include <cstdint>
#include <string>
#include <string_view>

#include <samjoko/base/result.hpp>

namespace samjoko::operate {

enum class asked_for : std::uint8_t {
  status,
  deaths,
  scale,
  reset_failed,
  stop,
  stop_now,
  reopen_logs
};

struct request {
  asked_for what = asked_for::status;
  bool json = false;
  std::size_t count = 0;  ///< for scale; for deaths: the number of one of them, 0: all
  std::string group;      ///< for scale and reset-failed; empty: none was named
};

/// condition::bad_argument, with a sentence for the client.
[[nodiscard]] result<request> parse_request(std::string_view line);
[[nodiscard]] std::string request_line(const request& asked);

struct answer {
  int code = 0;
  std::string text;
};
inline constexpr int answer_done = 0;
inline constexpr int answer_not_understood = 2;
inline constexpr int answer_refused = 3;

[[nodiscard]] std::string answer_text(const answer& given);
/// condition::malformed: the other side is no server of ours.
[[nodiscard]] result<answer> parse_answer(std::string_view text);

}  // namespace samjoko::operate
