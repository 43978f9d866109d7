#include <samjoko/operate/deaths.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <string_view>

#include <fmt/format.h>
#include <samjoko/postmortem/call_text.hpp>

namespace samjoko::operate {
namespace {

std::string in_utc(std::int64_t when_ms, bool with_year) {
  const auto seconds = static_cast<std::time_t>(when_ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  const auto year = with_year ? fmt::format("{:04}-", parts.tm_year + 1900) : std::string();
  return fmt::format("{}{:02}-{:02} {:02}:{:02}:{:02}", year, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

/// A text that a client chose, without bytes that could control a terminal, cut to its column.
std::string safe(std::string_view text, std::size_t most) {
  std::string out;
  for (const char each : text) {
    if (out.size() == most) return out + "~";
    out += each < ' ' || each > '~' ? '?' : each;
  }
  return out;
}

/// UTF-8 bytes that are no printable ASCII stay: a stack's names may have them.
std::string without_controls(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char each) { return (each >= 0 && each < ' ') || each == 0x7f; }, '?');
  return out;
}

std::string whose(const death_record& dead) {
  switch (dead.role) {
    case postmortem::death_role::client_process: return fmt::format("client of {}", dead.worker);
    case postmortem::death_role::pool_process: return fmt::format("pool of {}", dead.worker);
    case postmortem::death_role::orphan: return fmt::format("orphan of {}", dead.worker);
    case postmortem::death_role::worker: return fmt::format("worker {}", dead.worker);
    case postmortem::death_role::other: break;
  }
  return safe(dead.title.view(), 14);
}

std::string how(const death_record& dead) {
  return dead.exited ? fmt::format("exit {}", dead.code)
                     : std::string(os::signal_name(dead.signal));
}

std::string where(const death_record& dead) {
  const auto own = postmortem::own_calls(dead.stack.view(), 1);
  if (own.empty()) return {};
  const auto parts = postmortem::parts_of(own.front());
  auto function = parts.function;
  if (const auto offset = function.rfind("+0x"); !function.starts_with("0x"))
    function = function.substr(0, offset);
  auto text = postmortem::shortened(function.substr(0, function.find('(', 1)));
  if (!parts.source.empty())
    text += fmt::format(" at {}", parts.source.substr(parts.source.rfind('/') + 1));
  return without_controls(text);
}

void add_line(std::string& text, std::string_view name, const std::string& value) {
  if (!value.empty()) text += fmt::format("  {:<12}{}\n", name, value);
}

std::string stack_text(const death_record& dead) {
  std::string text;
  std::size_t number = 0;
  for (auto rest = dead.stack.view(); !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto call = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    text += fmt::format("  {} {:>2}  {}\n", postmortem::is_users_own(call) ? '*' : ' ', ++number,
                        without_controls(postmortem::call_in_short(call)));
  }
  if (!text.empty()) text = "stack, the innermost call first, * in your own code:\n" + text;
  if (!dead.stack_remark.empty())
    text += fmt::format("{}: {}\n", text.empty() ? "no stack" : "the stack",
                        without_controls(dead.stack_remark.view()));
  return text;
}

}  // namespace

std::string as_table(const std::vector<death_record>& deaths, const std::string& program) {
  if (deaths.empty()) return "no process has died\n";
  auto text = fmt::format("{:>6}  {:<14}  {:<14} {:>8}  {:<8}  {:<16} {:<15} {:<21} {}\n", "number",
                          "when (UTC)", "who", "pid", "ended", "cause", "request", "peer", "where");
  for (const auto& dead : deaths) {
    const auto line = fmt::format("{:>6}  {:<14}  {:<14} {:>8}  {:<8}  {:<16} {:<15} {:<21} {}",
                                  dead.sequence, in_utc(dead.when_ms, false), whose(dead), dead.pid,
                                  how(dead), postmortem::name_of(dead.cause),
                                  dead.was_running ? safe(dead.request.view(), 14) : "",
                                  dead.was_running ? safe(dead.peer.view(), 20) : "", where(dead));
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text + fmt::format("'{} deaths {}' tells all of one, with its stack\n", program,
                            deaths.back().sequence);
}

std::string as_text(const death_record& dead) {
  auto text =
      fmt::format("death {}, {} UTC: {} {}\n", dead.sequence, in_utc(dead.when_ms, true),
                  without_controls(postmortem::who(dead)), postmortem::status_of(dead).sentence());
  add_line(text, "cause", without_controls(postmortem::why(dead)));
  auto served = postmortem::what_it_served(dead);
  add_line(text, "serving", served.empty() ? served : without_controls(served.substr(1)));
  if (dead.merely_open > 0)
    add_line(text, "open", fmt::format("{} other connections", dead.merely_open));
  if (dead.age_ms >= 0)
    add_line(text, "age", fmt::format("{:.3f} s", static_cast<double>(dead.age_ms) / 1000));
  add_line(text, "clients", std::to_string(dead.clients));
  if (dead.worker != 0)
    add_line(text, "worker",
             fmt::format("{}, its process number {}", dead.worker, dead.generation));
  add_line(text, "model", without_controls(dead.model.view()));
  add_line(text, "processor",
           fmt::format("{:.3f} s of its own, {:.3f} s in the kernel",
                       static_cast<double>(dead.user_us) / 1e6,
                       static_cast<double>(dead.system_us) / 1e6));
  if (dead.most_memory_kib > 0)
    add_line(text, "memory", fmt::format("{} KiB at most", dead.most_memory_kib));
  return text + stack_text(dead);
}

}  // namespace samjoko::operate
