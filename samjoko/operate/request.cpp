#include <samjoko/operate/request.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace samjoko::operate {
namespace {

constexpr std::array<std::pair<std::string_view, asked_for>, 7> commands{{
    {"stop now", asked_for::stop_now},
    {"status", asked_for::status},
    {"deaths", asked_for::deaths},
    {"scale", asked_for::scale},
    {"reset-failed", asked_for::reset_failed},
    {"stop", asked_for::stop},
    {"reopen-logs", asked_for::reopen_logs},
}};

bool take_word(std::string_view& line, std::string_view word) {
  if (!line.starts_with(word)) return false;
  const auto rest = line.substr(word.size());
  if (!rest.empty() && rest.front() != ' ') return false;
  line = rest.empty() ? rest : rest.substr(1);
  return true;
}

std::unexpected<error> not_understood(std::string words) {
  return failure(condition::bad_argument, "request", std::move(words));
}

/// The text that a client sent, without bytes that could control a terminal.
std::string quoted(std::string_view line) {
  std::string text(line.substr(0, 40));
  std::ranges::replace_if(text, [](char each) { return each < ' ' || each > '~'; }, '?');
  return text;
}

}  // namespace

result<request> parse_request(std::string_view line) {
  request asked;
  auto rest = line;
  asked.json = take_word(rest, "json");
  const auto* found = std::ranges::find_if(
      commands, [&rest](const auto& each) { return take_word(rest, each.first); });
  if (found == commands.end())
    return not_understood(fmt::format("there is no request '{}'", quoted(line)));
  asked.what = found->second;
  if (asked.what == asked_for::scale) {
    const auto* end = rest.data() + rest.size();
    const auto [after, code] = std::from_chars(rest.data(), end, asked.count);
    if (code != std::errc() || asked.count == 0)
      return not_understood("scale needs a number of workers, 1 at least");
    rest.remove_prefix(static_cast<std::size_t>(after - rest.data()));
    if (!rest.empty() && rest.front() != ' ')
      return not_understood("scale needs a number of workers, 1 at least");
    if (!rest.empty()) rest.remove_prefix(1);
  }
  if (asked.what == asked_for::deaths && !rest.empty()) {
    const auto* end = rest.data() + rest.size();
    const auto [after, code] = std::from_chars(rest.data(), end, asked.count);
    if (code != std::errc() || after != end || asked.count == 0)
      return not_understood("deaths takes the number of a death, 1 at least");
    rest = {};
  }
  const bool of_group = asked.what == asked_for::scale || asked.what == asked_for::reset_failed;
  if (!of_group && !rest.empty())
    return not_understood(fmt::format("'{}' is not expected in '{}'", quoted(rest), quoted(line)));
  asked.group = rest;
  return asked;
}

std::string request_line(const request& asked) {
  const auto* found =
      std::ranges::find(commands, asked.what, [](auto& each) { return each.second; });
  auto line = fmt::format("{}{}", asked.json ? "json " : "", found->first);
  if (asked.what == asked_for::scale || (asked.what == asked_for::deaths && asked.count != 0))
    line += fmt::format(" {}", asked.count);
  if (!asked.group.empty()) line += " " + asked.group;
  return line + "\n";
}

std::string answer_text(const answer& given) {
  return fmt::format("{}\n{}", given.code, given.text);
}

result<answer> parse_answer(std::string_view text) {
  answer given;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), given.code);
  const auto used = static_cast<std::size_t>(end - text.data());
  if (code != std::errc() || used == text.size() || text[used] != '\n' || given.code < 0 ||
      given.code > 125)
    return failure(condition::malformed, "answer");
  given.text = text.substr(used + 1);
  return given;
}

}  // namespace samjoko::operate
