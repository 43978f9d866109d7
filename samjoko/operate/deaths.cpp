#include <samjoko/operate/deaths.hpp>

#include <chrono>
#include <ctime>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace samjoko::operate {
namespace {

using json = nlohmann::ordered_json;

std::string in_utc(std::int64_t when_ms) {
  const auto seconds = static_cast<std::time_t>(when_ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     when_ms % 1000);
}

void add_text(json& to, const char* key, std::string_view text) {
  if (!text.empty()) to[key] = std::string(text);
}

json lines_of(std::string_view text) {
  auto lines = json::array();
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(std::string(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

json status_fields(const death_record& dead) {
  if (dead.exited) return {{"exit_code", dead.code}};
  return {{"signal", dead.signal},
          {"signal_name", os::signal_name(dead.signal)},
          {"core_dumped", dead.core_dumped}};
}

json cause_fields(const death_record& dead) {
  json cause = {{"kind", std::string(postmortem::name_of(dead.cause))},
                {"certainty", std::string(postmortem::name_of(dead.sure))},
                {"sentence", postmortem::why(dead)}};
  if (dead.limit != postmortem::own_limit::none) {
    cause["limit"] = std::string(postmortem::name_of(dead.limit));
    cause["limit_ms"] = dead.limit_ms;
    if (dead.stuck_threads > 0) cause["stuck_threads"] = dead.stuck_threads;
  }
  if (dead.has_fault_address) cause["fault_address"] = fmt::format("{:#x}", dead.fault_address);
  if (dead.stack_overflow) cause["stack_overflow"] = true;
  if (dead.sender != 0) cause["sender_pid"] = dead.sender;
  if (dead.has_sender_user) cause["sender_user"] = dead.sender_user;
  add_text(cause, "message", dead.message.view());
  if (dead.memory.known) {
    cause["out_of_memory_kills"] = {{"before", dead.memory.before},
                                    {"after", dead.memory.after},
                                    {"killed_meanwhile", dead.memory.killed},
                                    {"own_cgroup", dead.memory.own}};
  }
  add_text(cause, "cgroup", dead.cgroup.view());
  return cause;
}

json serving_fields(const death_record& dead) {
  json serving = {{"was_running", dead.was_running}};
  if (dead.thread != 0) serving["thread"] = dead.thread;
  add_text(serving, "peer", dead.peer.view());
  add_text(serving, "service", dead.service.view());
  add_text(serving, "request", dead.request.view());
  if (dead.merely_open >= 0) serving["merely_open"] = dead.merely_open;
  return serving;
}

}  // namespace

std::string as_json(const death_record& dead) {
  json all = {{"number", dead.sequence}, {"time", in_utc(dead.when_ms)},
              {"pid", dead.pid},         {"role", std::string(postmortem::name_of(dead.role))},
              {"worker", dead.worker},   {"generation", dead.generation}};
  add_text(all, "title", dead.title.view());
  add_text(all, "model", dead.model.view());
  if (dead.age_ms >= 0) all["age_ms"] = dead.age_ms;
  all["clients_served"] = dead.clients;
  all["resources"] = {{"user_us", dead.user_us},
                      {"system_us", dead.system_us},
                      {"most_memory_kib", dead.most_memory_kib}};
  all["status"] = status_fields(dead);
  all["cause"] = cause_fields(dead);
  all["serving"] = serving_fields(dead);
  all["stack"] = lines_of(dead.stack.view());
  add_text(all, "stack_remark", dead.stack_remark.view());
  all["sentence"] = as_sentence(dead);
  return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<std::string> told_deaths(const std::vector<death_record>& deaths, bool json,
                                       std::uint64_t number, const std::string& program) {
  if (number != 0) {
    const auto found = std::ranges::find(deaths, number, &death_record::sequence);
    if (found == deaths.end()) return std::nullopt;
    return json ? as_json(*found) + "\n" : as_text(*found);
  }
  if (!json) return as_table(deaths, program);
  std::vector<std::string> objects;
  for (const auto& each : deaths) objects.push_back(as_json(each));
  return fmt::format("[{}]\n", fmt::join(objects, ","));
}

}  // namespace samjoko::operate
