#include <samjoko/cli/own_service.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <samjoko/cli/http_settings.hpp>
#include <samjoko/cli/units.hpp>

namespace samjoko::cli {
namespace {

std::unexpected<error> wrong(std::string words) {
  return failure(condition::bad_argument, "service", std::move(words));
}

result<void> takes_no_arguments(const serve_options& options) {
  if (options.arguments.empty()) return {};
  return failure(condition::bad_argument, "arguments",
                 fmt::format("'{}' is not expected here", options.arguments.front()));
}

/// The same bounds as the parsers of the command line (option_rows.hpp, units.cpp).
constexpr milliseconds longest_time{2'000'000'000};
constexpr std::size_t least_stack = 96 << 10, most_stack = 1 << 30;
constexpr std::uint32_t most_members = 1'000'000;

result<void> check_times(const serve_limits& limits) {
  const std::pair<const char*, milliseconds> times[] = {
      {"limits.connection.idle", limits.connection.idle},
      {"limits.connection.turn", limits.connection.turn},
      {"limits.connection.write_idle", limits.connection.write_idle},
      {"limits.connection.write_grace", limits.connection.write_grace},
      {"limits.pool_idle", limits.pool_idle}};
  for (const auto& [name, time] : times) {
    if (time < milliseconds(0)) return wrong(fmt::format("{} is below 0", name));
    if (time > longest_time)
      return wrong(fmt::format("{} is {} ms: more than 23 days", name, time.count()));
  }
  return {};
}

result<void> check_pool(const serve_limits& limits) {
  const auto in_range = [](std::uint32_t members) {
    return members >= 1 && members <= most_members;
  };
  if (!in_range(limits.pool_min) || !in_range(limits.pool_max))
    return wrong(fmt::format("limits.pool_min and limits.pool_max are from 1 to {}", most_members));
  if (limits.pool_min > limits.pool_max) return wrong("limits.pool_min is above limits.pool_max");
  if (limits.stack_size < least_stack || limits.stack_size > most_stack)
    return wrong(
        fmt::format("limits.stack_size is {}: it is from {} to {} bytes, because what serves a "
                    "client needs some 40k of it",
                    limits.stack_size, least_stack, most_stack));
  return {};
}

}  // namespace

service_entry entry_of(const service& own) {
  service_entry entry{.name = own.name,
                      .usage = "",
                      .summary = "",
                      .speaks_http = static_cast<bool>(own.with_http_options),
                      .uses_hub = own.uses_hub,
                      .one_process = own.one_process,
                      .check = takes_no_arguments};
  if (own.http) entry.http = http_settings_of(*own.http);
  return entry;
}

result<void> check_service(const service& own) {
  if (own.handler) return {};
  return wrong(
      fmt::format("the service '{}' has no handler, so no code would serve its clients: "
                  "write .handler = FUNCTION in the service that is given to run()",
                  own.name));
}

result<void> check_one_process(const serve_options& options) {
  const auto groups = group(options.listen, options.placed);
  const auto reason = [&]() -> std::string {
    for (const auto& each : groups.all) {
      if (each.how.model == model::process)
        return "model process gives each client, or each member of a pool, a process of its own: "
               "choose thread or multiplex";
      if (each.how.workers > 1)
        return fmt::format("{} workers are {} processes: choose 1", each.how.workers,
                           each.how.workers);
    }
    if (groups.all.size() > 1)
      return "listeners with different choices are served by different workers: choose one model "
             "for all";
    return {};
  }();
  if (reason.empty()) return {};
  return wrong(
      fmt::format("the service '{}' keeps all its clients in one process (.one_process), "
                  "and {}",
                  options.title(), reason));
}

void let_pool_follow(serve_limits& limits, bool min_said, bool max_said) noexcept {
  if (limits.pool_min <= limits.pool_max || min_said == max_said) return;
  if (max_said) {
    limits.pool_min = limits.pool_max;
  } else {
    limits.pool_max = limits.pool_min;
  }
}

result<void> settle_data(serve_options& options, const service& own) {
  const serve_limits usual;
  let_pool_follow(options.limits, options.limits.pool_min != usual.pool_min,
                  options.limits.pool_max != usual.pool_max);
  if (auto checked = check_times(options.limits); !checked) return checked;
  if (auto checked = check_pool(options.limits); !checked) return checked;
  if (!own.one_process) return {};
  if (!options.placed.workers) options.placed.workers = 1;
  return check_one_process(options);
}

result<service> with_limits(const service& own, const serve_options& options) {
  if (!own.with_http_options) return own;
  auto limits = http_options_of(options.http);
  if (own.http) limits.only_reads = own.http->only_reads;
  if (auto checked = web::check_options(limits); !checked) return failure_of(checked);
  auto made = own;
  made.handler = own.with_http_options(limits);
  return made;
}

}  // namespace samjoko::cli
