#include <samjoko/cli/placement.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <samjoko/base/counted.hpp>
#include <samjoko/cli/units.hpp>
#include <samjoko/os/processors.hpp>

namespace samjoko::cli {
namespace {

std::unexpected<error> wrong(std::string words) {
  return failure(condition::bad_argument, "placement", std::move(words));
}

/// "thread-pool"
std::string short_name(const placement& how) {
  const auto model = name_of(how.model);
  return how.model == model::multiplex ? std::string(model)
                                       : fmt::format("{}-{}", model, name_of(how.spawn));
}

/// The value of `key=value`; nothing when the key is another one.
std::optional<std::string_view> value_of(std::string_view setting, std::string_view key) {
  if (!setting.starts_with(key) || !setting.substr(key.size()).starts_with("=")) return {};
  return setting.substr(key.size() + 1);
}

template <class Value>
result<void> take(std::string_view text, result<Value> (*parse)(std::string_view),
                  std::optional<Value>& target, std::string_view key) {
  if (target) return wrong(fmt::format("{} is given twice", key));
  auto parsed = parse(text);
  if (!parsed) return failure_of(parsed);
  target = *parsed;
  return {};
}

result<void> take_setting(std::string_view setting, placement_choice& how) {
  if (const auto model = value_of(setting, "model"))
    return take(*model, parse_model, how.model, "model");
  if (const auto spawn = value_of(setting, "spawn"))
    return take(*spawn, parse_spawn, how.spawn, "spawn");
  if (const auto workers = value_of(setting, "workers"))
    return take(*workers, parse_workers, how.workers, "workers");
  return wrong(fmt::format(
      "'{}' is none of model=, spawn= and workers= (the address ends at the first comma)",
      setting));
}

/// Gives names that are the same the number of workers, by which the groups then differ.
void make_names_differ(std::span<worker_group> all) {
  std::vector<std::string> names;
  for (const auto& each : all) names.push_back(each.name);
  for (auto& each : all) {
    if (std::ranges::count(names, each.name) > 1)
      each.name += fmt::format(" x{}", each.how.workers);
  }
}

/// With several services each has its name in front; a service of one group needs no more.
void name_after_services(std::vector<worker_group>& all, std::span<const placed_service> services) {
  for (auto& each : all) {
    const auto same = std::ranges::count(all, each.service, &worker_group::service);
    const auto name = std::string(services[each.service].name);
    each.name = same == 1 ? name : name + "/" + each.name;
  }
}

}  // namespace

placement settle(const placement_choice& narrow, const placement_choice& wide) {
  placement how;
  how.model = narrow.model.value_or(wide.model.value_or(how.model));
  const bool shared = how.model == model::multiplex;
  if (!shared) how.spawn = narrow.spawn.value_or(wide.spawn.value_or(how.spawn));
  const auto usual = [shared] {
    return shared ? std::min(os::usable_processors(), most_workers) : 1;
  };
  how.workers = narrow.workers ? *narrow.workers : wide.workers ? *wide.workers : usual();
  return how;
}

listener_options default_listener() { return {.where = *os::address::parse("127.0.0.1:7000")}; }

worker_groups group(std::span<const placed_service> services) {
  worker_groups made;
  for (std::size_t service = 0; service < services.size(); ++service) {
    const auto first = made.all.size();
    for (const auto& each : services[service].listeners) {
      const auto how = settle(each.how, services[service].wide);
      const auto known =
          std::find_if(made.all.begin() + static_cast<std::ptrdiff_t>(first), made.all.end(),
                       [&how](const worker_group& other) { return other.how == how; });
      made.of_listener.push_back(static_cast<std::size_t>(known - made.all.begin()));
      if (known == made.all.end()) made.all.push_back({how, short_name(how), service});
    }
    make_names_differ(std::span(made.all).subspan(first));
  }
  if (services.size() > 1) name_after_services(made.all, services);
  return made;
}

worker_groups group(std::span<const listener_options> listeners, const placement_choice& wide) {
  const placed_service one{.name = {}, .listeners = listeners, .wide = wide};
  return group(std::span(&one, 1));
}

result<void> check_listener(std::span<const listener_options> listeners, std::size_t which,
                            const placement_choice& wide) {
  const auto& one = listeners[which];
  const int number = one.where.inherited();
  const auto text = one.text();
  if (number >= 0 && number < 3)
    return wrong(text + " is a standard stream, not a listening socket");
  const auto is_same = [number](const listener_options& other) {
    return other.where.inherited() == number;
  };
  if (number >= 0 && std::ranges::any_of(listeners.first(which), is_same))
    return wrong(text + " is given twice: one socket has one group of workers");
  if (!one.how.spawn || settle(one.how, wide).model != model::multiplex) return {};
  return wrong(fmt::format("{}: spawn={} has no meaning for model multiplex: leave it out", text,
                           name_of(*one.how.spawn)));
}

std::string why_choice_ignored(std::string_view choice, std::span<const listener_options> listeners,
                               const placement_choice& wide) {
  const auto says_its_own = [choice](const listener_options& it) {
    if (choice == "model") return it.how.model.has_value();
    return choice == "spawn" ? it.how.spawn.has_value() : it.how.workers.has_value();
  };
  if (std::ranges::all_of(listeners, says_its_own))
    return "would be ignored here: each --listen says its own; leave it out";
  const auto has_no_use = [&](const listener_options& it) {
    return it.how.spawn || settle(it.how, wide).model == model::multiplex;
  };
  if (choice != "spawn" || !std::ranges::all_of(listeners, has_no_use)) return {};
  return "has no meaning for model multiplex: leave it out, or choose --model process or thread";
}

result<void> check_workers(std::span<const worker_group> groups) {
  std::uint32_t workers = 0;
  for (const auto& each : groups) workers += each.how.workers;
  if (workers <= most_workers) return {};
  return wrong(fmt::format("{} workers in {} are more than {} in all: ask for fewer", workers,
                           counted(groups.size(), "group"), most_workers));
}

result<void> check_listeners(std::span<const listener_options> listeners,
                             const placement_choice& wide) {
  for (std::size_t n = 0; n < listeners.size(); ++n) {
    if (auto checked = check_listener(listeners, n, wide); !checked)
      return wrong("--listen " + in_words(checked.error()));
  }
  const std::pair<const char*, bool> said[] = {{"model", wide.model.has_value()},
                                               {"workers", wide.workers.has_value()},
                                               {"spawn", wide.spawn.has_value()}};
  for (const auto& [choice, is_said] : said) {
    const auto why = is_said ? why_choice_ignored(choice, listeners, wide) : std::string();
    if (!why.empty()) return wrong(fmt::format("--{} {}", choice, why));
  }
  return check_workers(group(listeners, wide).all);
}

result<model> parse_model(std::string_view text) {
  for (const auto each : {model::process, model::thread, model::multiplex}) {
    if (name_of(each) == text) return each;
  }
  return wrong(fmt::format("there is no model '{}' (write process, thread or multiplex)", text));
}

result<spawn> parse_spawn(std::string_view text) {
  for (const auto each : {spawn::each, spawn::pool}) {
    if (name_of(each) == text) return each;
  }
  return wrong(fmt::format("there is no spawn '{}' (write each or pool)", text));
}

result<std::uint32_t> parse_workers(std::string_view text) {
  const auto number = parse_count(text, 1, most_workers);
  if (!number) return std::unexpected(number.error());
  return static_cast<std::uint32_t>(*number);
}

result<listener_options> parse_listener(std::string_view text) {
  const auto comma = std::min(text.find(','), text.size());
  const auto place = text.substr(0, comma);
  listener_options made;
  if (os::host_name::is_meant(place)) {
    auto host = os::host_name::parse(place);
    if (!host) return failure_of(host);
    made.host = std::move(*host);
  } else {
    const auto where = os::address::parse(place);
    if (!where) return std::unexpected(where.error());
    made.where = *where;
  }
  for (auto rest = text.substr(comma); !rest.empty();) {
    rest.remove_prefix(1);
    const auto end = std::min(rest.find(','), rest.size());
    if (auto taken = take_setting(rest.substr(0, end), made.how); !taken)
      return wrong(fmt::format("'{}': {}", text, in_words(taken.error())));
    rest.remove_prefix(end);
  }
  return made;
}

std::string describe(const placement& how) {
  if (how.model == model::multiplex) return std::string(name_of(how.model));
  return fmt::format("{}, spawn {}", name_of(how.model), name_of(how.spawn));
}

}  // namespace samjoko::cli
