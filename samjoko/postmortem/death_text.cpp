#include <samjoko/postmortem/death_text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <samjoko/postmortem/call_text.hpp>

namespace samjoko::postmortem {
namespace {

constexpr std::size_t calls_in_a_sentence = 3;
constexpr std::size_t call_length = 120;

constexpr std::array<std::string_view, 5> roles = {"worker", "client process", "pool process",
                                                   "orphan", "other"};
constexpr std::array<std::string_view, 7> causes = {
    "unknown", "own exit", "crash", "abort", "out of memory", "our own limit", "outside signal"};
constexpr std::array<std::string_view, 3> certainties = {"unknown", "likely", "proved"};
constexpr std::array<std::string_view, 6> limits = {"none",  "boot",  "drain",
                                                    "grace", "stuck", "left behind"};

template <class Enum, std::size_t N>
std::string_view name_in(const std::array<std::string_view, N>& names, Enum which) noexcept {
  const auto index = static_cast<std::size_t>(which);
  return index < N ? names[index] : "?";
}

bool is_one_of_many(death_role role) noexcept {
  return role == death_role::client_process || role == death_role::pool_process ||
         role == death_role::orphan;
}

std::string seconds(std::int64_t ms) {
  return fmt::format("{:.3f}", static_cast<double>(ms) / 1000);
}

std::string of_limit(const death_record& dead) {
  const auto time = fmt::format("{} ms", dead.limit_ms);
  switch (dead.limit) {
    case own_limit::boot: return "it was not ready after " + time;
    case own_limit::drain: return "a graceful stop was not done after " + time;
    case own_limit::grace: return "it did not stop at once when told to";
    case own_limit::stuck:
      return fmt::format("{} ran for {} without coming back to the library",
                         dead.stuck_threads > 1 ? fmt::format("{} threads", dead.stuck_threads)
                                                : fmt::format("thread {}", dead.thread),
                         time);
    case own_limit::left: return "its worker had ended before, and it did not end when told to";
    case own_limit::none: break;
  }
  return "a limit of ours had passed";
}

std::string of_crash(const death_record& dead) {
  std::string text(dead.stack_overflow ? "stack overflow" : os::signal_meaning(dead.signal));
  if (dead.has_fault_address) text += fmt::format(" at address {:#x}", dead.fault_address);
  if (dead.sender == dead.pid) text += ", raised by itself";
  return text;
}

std::string of_memory(const death_record& dead) {
  return fmt::format("{} out-of-memory kills in {} since there were {}, {} killed meanwhile",
                     dead.memory.after, dead.cgroup.empty() ? "its cgroup" : dead.cgroup.view(),
                     dead.memory.before, dead.memory.killed);
}

std::string of_signal(const death_record& dead) {
  if (dead.sender != 0) {
    const auto user =
        dead.has_sender_user ? fmt::format(" of user {}", dead.sender_user) : std::string();
    const auto what = dead.exited ? "SIGTERM, which it obeyed" : os::signal_name(dead.signal);
    return fmt::format("process {}{} sent {}", dead.sender, user, what);
  }
  if (dead.signal == SIGKILL) return "not from us, no out-of-memory kill counted";
  return dead.sure == certainty::proved ? "from the kernel" : "its sender is not known";
}

std::string details_of(const death_record& dead) {
  switch (dead.cause) {
    case death_cause::own_exit: return {};
    case death_cause::crash: return of_crash(dead);
    case death_cause::abort: return {};
    case death_cause::out_of_memory: return of_memory(dead);
    case death_cause::own_limit: return of_limit(dead);
    case death_cause::signal: return of_signal(dead);
    case death_cause::unknown: break;
  }
  if (dead.signal != SIGKILL) return {};
  return dead.memory.known
             ? "not from us; " + of_memory(dead)
             : "not from us; whether memory ran out cannot be told: no counter could be read";
}

/// Cut between characters of UTF-8.
std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  text.resize(most);
  return text + "…";
}

std::string serving_text(const death_record& dead) {
  std::string text;
  if (dead.was_running) text += "; was serving" + what_it_served(dead);
  if (dead.merely_open > 0)
    text += fmt::format("; {} other connection{} merely open", dead.merely_open,
                        dead.merely_open == 1 ? " was" : "s were");
  return text;
}

std::string innermost_calls(const death_record& dead) {
  if (dead.stack.empty())
    return dead.stack_remark.empty() ? std::string()
                                     : fmt::format("; no stack: {}", dead.stack_remark.view());
  std::string text;
  for (const auto call : own_calls(dead.stack.view(), calls_in_a_sentence)) {
    const auto words = cut(call_in_short(call), call_length);
    text += fmt::format("{}{}", text.empty() ? "; in " : " < ", words);
  }
  return text;
}

}  // namespace

std::string_view name_of(death_role role) noexcept { return name_in(roles, role); }
std::string_view name_of(death_cause cause) noexcept { return name_in(causes, cause); }
std::string_view name_of(certainty sure) noexcept { return name_in(certainties, sure); }
std::string_view name_of(own_limit limit) noexcept { return name_in(limits, limit); }

os::exit_status status_of(const death_record& dead) noexcept {
  return dead.exited ? os::exit_status::exited(dead.code)
                     : os::exit_status::killed(dead.signal, dead.core_dumped);
}

std::string who(const death_record& dead) {
  switch (dead.role) {
    case death_role::client_process: return fmt::format("process {} of one client", dead.pid);
    case death_role::pool_process: return fmt::format("process {} of the pool", dead.pid);
    case death_role::orphan: return fmt::format("process {}, an adopted orphan,", dead.pid);
    default: return fmt::format("{} ({})", dead.title.view(), dead.pid);
  }
}

std::string what_it_served(const death_record& dead) {
  if (!dead.was_running) return {};
  std::string text;
  if (!dead.request.empty()) text += fmt::format(" \"{}\"", dead.request.view());
  if (!dead.service.empty())
    text += fmt::format("{} {}", dead.request.empty() ? "" : " of", dead.service.view());
  return text + (dead.peer.empty() ? " to a client" : fmt::format(" to {}", dead.peer.view()));
}

std::string why(const death_record& dead) {
  auto text = std::string(name_of(dead.cause));
  if (dead.cause != death_cause::unknown) text += fmt::format(" ({})", name_of(dead.sure));
  if (const auto details = details_of(dead); !details.empty()) text += ": " + details;
  if (!dead.message.empty()) text += fmt::format("; it said: {}", dead.message.view());
  return text;
}

std::string as_sentence(const death_record& dead) {
  const auto age =
      dead.age_ms < 0 ? std::string() : ", " + seconds(dead.age_ms) + " s after its start";
  const auto of_worker =
      is_one_of_many(dead.role) ? fmt::format(", of worker {}", dead.worker) : std::string();
  return fmt::format("{} {}{}{}, {} client{} served: {}{}{}", who(dead), status_of(dead).sentence(),
                     of_worker, age, dead.clients, dead.clients == 1 ? "" : "s", why(dead),
                     serving_text(dead), innermost_calls(dead));
}

}  // namespace samjoko::postmortem
