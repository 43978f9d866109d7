#include <samjoko/cli/hub_process.hpp>
#include <samjoko/cli/resolve.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <samjoko/cli/own_service.hpp>
#include <samjoko/cli/units.hpp>

namespace samjoko::cli {
namespace {

using reasons = std::map<const setting*, std::vector<std::string>>;

class decider {
 public:
  decider(const everything_said& said, const std::vector<service_entry>& known)
      : said_(said), known_(known) {}

  decision run() {
    for (const auto* layer : {&said_.file, &said_.environment, &said_.flags}) try_all(*layer);
    for (const auto& each : said_.services) try_all(each.said);
    for (const auto& each : said_.services) decide_one(each);
    tell_ignored();
    check_together();
    return std::move(made_);
  }

 private:
  /// Adds a problem once: a setting for all services may be wrong in each.
  void complain(const origin& where, std::string text) {
    if (std::ranges::find(made_.problems, text, &problem::text) == made_.problems.end())
      made_.problems.push_back({where, std::move(text)});
  }
  /// "--model: there is no model 'fibre'"
  void complain_of(const setting& it, const error& wrong) {
    const auto words = in_the_words_of(it.where, in_words(wrong));
    complain(it.where, fmt::format("{}: {}", called(*it.what, it.where), words));
  }

  /// A wrong text is a mistake also where another setting overrules it.
  void try_all(const std::vector<setting>& layer) {
    for (const auto& each : layer) {
      serve_options thrown_away;
      if (auto taken = each.what->take(each.text, thrown_away); !taken)
        complain_of(each, taken.error());
    }
  }

  /// What decides an option: all settings about it in the highest layer that has any.
  [[nodiscard]] std::vector<const setting*> deciding(const option& which,
                                                     const wanted_service& service) const {
    std::vector<const setting*> found;
    for (const auto* layer : {&said_.flags, &said_.environment, &service.said, &said_.file}) {
      for (const auto& each : *layer) {
        if (each.what == &which) found.push_back(&each);
      }
      if (!found.empty()) break;
    }
    return found;
  }

  void decide_one(const wanted_service& wanted) {
    decided_service one;
    one.options.service = wanted.run;
    one.options.name = wanted.name;
    one.options.arguments = wanted.arguments;
    const auto entry = std::ranges::find(known_, wanted.run, &service_entry::name);
    if (entry != known_.end() && entry->http) one.options.http = *entry->http;
    bool understood = true;
    for (const auto& which : all_options()) {
      one.by.push_back(deciding(which, wanted));
      for (const auto* each : one.by.back()) {
        const bool taken = which.take(each->text, one.options).has_value();
        if (!taken && decides_who_heeds(which)) understood = false;
      }
    }
    understood_.push_back(understood);
    if (one.options.listen.empty()) one.options.listen.push_back(default_listener());
    let_pool_follow(one.options.limits, !deciders(one, "pool-min").empty(),
                    !deciders(one, "pool-max").empty());
    if (entry == known_.end()) {
      complain(wanted.run_where, place_of(wanted.run_where) + unknown_service(wanted.run));
    } else {
      check_arguments(wanted, *entry, one.options);
      if (entry->runs_program) limit_children(one.options);
    }
    if (entry != known_.end() && entry->one_process && !one.options.placed.workers)
      one.options.placed.workers = 1;
    if (understood && entry != known_.end()) {
      check_one(one, *entry);
    } else {
      take_all_for_heeded(one);
    }
    made_.services.push_back(std::move(one));
  }

  /// The service runs a program for each client: a limit on clients in all workers limits programs.
  static void limit_children(serve_options& options) {
    auto& most = options.limits.max_connections;
    most = most == 0 ? options.max_children : std::min(most, options.max_children);
  }

  /// When the text for one of these options is wrong, it is unknown which options would be ignored.
  [[nodiscard]] static bool decides_who_heeds(const option& which) {
    return which.audience == applies_to::model_choice ||
           which.audience == applies_to::spawn_choice || which.name == "listen";
  }

  /// Stops further complaints about ignored options.
  void take_all_for_heeded(const decided_service& one) {
    for (const auto& by : one.by) {
      for (const auto* each : by) ignored_[each].emplace_back();
    }
  }

  void check_arguments(const wanted_service& wanted, const service_entry& entry,
                       const serve_options& options) {
    if (entry.check == nullptr) return;
    if (auto checked = entry.check(options); !checked)
      complain(wanted.run_where, place_of(wanted.run_where) + in_words(checked.error()));
  }

  void check_one(const decided_service& one, const service_entry& entry) {
    const auto& options = one.options;
    for (std::size_t n = 0; n < all_options().size(); ++n) {
      const auto& which = all_options()[n];
      for (const auto* each : one.by[n]) {
        ignored_[each].push_back(why_ignored(which, options, entry));
        check_needs(one, *each);
      }
    }
    if (entry.one_process) {
      if (auto checked = check_one_process(options); !checked)
        complain({}, in_words(checked.error()));
    }
    for (std::size_t n = 0; n < options.listen.size(); ++n) {
      const auto checked = check_listener(options.listen, n, options.placed);
      if (checked) continue;
      const auto& by = deciders(one, "listen");
      const auto where = n < by.size() ? by[n]->where : origin{};
      complain(where, fmt::format("{} {}", called(*find_option("listen"), where),
                                  in_words(checked.error())));
    }
    if (options.limits.pool_min > options.limits.pool_max) {
      const auto& by =
          deciders(one, "pool-min").empty() ? deciders(one, "pool-max") : deciders(one, "pool-min");
      const auto where = by.front()->where;
      complain(where, place_of(where) + in_the_words_of(where, "--pool-min is above --pool-max"));
    }
  }

  void check_needs(const decided_service& one, const setting& it) {
    const auto needs = it.what->needs;
    if (needs.empty() || !deciders(one, needs).empty()) return;
    complain(it.where, fmt::format("{} requires {}", called(*it.what, it.where),
                                   called(*find_option(needs), {.from = it.where.from})));
  }

  [[nodiscard]] static const std::vector<const setting*>& deciders(const decided_service& one,
                                                                   std::string_view name) {
    return one.by[static_cast<std::size_t>(find_option(name) - all_options().data())];
  }

  /// Reports the settings that no service they decide would use.
  void tell_ignored() {
    for (const auto& [it, why] : ignored_) {
      const auto heeded = [](const std::string& reason) { return reason.empty(); };
      if (std::ranges::any_of(why, heeded)) continue;
      complain(it->where, fmt::format("{} {}", called(*it->what, it->where),
                                      in_the_words_of(it->where, why.front())));
    }
  }

  /// Checks what services could take from one another: their names, their addresses.
  void check_together() {
    std::map<std::string, std::string> names, addresses;
    for (std::size_t n = 0; n < made_.services.size(); ++n) {
      const auto title = made_.services[n].options.title();
      const auto& where = said_.services[n].where;
      if (title == hub_group)
        complain(where,
                 fmt::format("{}a service cannot be named '{}', which is what the hub is called: "
                             "give it another name",
                             place_of(where), title));
      if (made_.services.size() == 1) break;
      if (!names.emplace(title, "").second)
        complain(where, fmt::format("{}two services are named '{}': give each a name",
                                    place_of(where), title));
      if (understood_[n] && !is_said_for_all(made_.services[n]))
        check_addresses(made_.services[n], where, addresses);
    }
    check_number();
  }

  /// Where to listen, in the environment or on the command line.
  bool is_said_for_all(const decided_service& one) {
    for (const auto* each : deciders(one, "listen")) {
      if (each->where.from == source::file) continue;
      complain(each->where, fmt::format("{} cannot hold for {} services: say it in each "
                                        "[[service]] of the file",
                                        called(*each->what, each->where), said_.services.size()));
      return true;
    }
    return false;
  }

  void check_addresses(const decided_service& one, const origin& where,
                       std::map<std::string, std::string>& taken) {
    const auto& title = one.options.title();
    for (const auto& each : one.options.listen) {
      if (is_chosen_by_the_kernel(each)) continue;
      const auto [other, fresh] = taken.emplace(each.text(), title);
      if (!fresh && other->second != title)
        complain(where, fmt::format("{}services '{}' and '{}' both listen on {}: give each its own "
                                    "address",
                                    place_of(where), other->second, title, other->first));
    }
  }

  [[nodiscard]] static bool is_chosen_by_the_kernel(const listener_options& one) {
    return one.where.inherited() < 0 && !one.where.is_unix() && one.port() == 0;
  }

  void check_number() {
    if (!made_.problems.empty()) return;
    std::vector<placed_service> services;
    for (const auto& each : made_.services)
      services.push_back({each.options.title(), each.options.listen, each.options.placed});
    if (auto checked = check_workers(group(services).all); !checked)
      complain({}, in_words(checked.error()));
  }

  [[nodiscard]] std::string unknown_service(const std::string& name) const {
    std::vector<std::string> names;
    for (const auto& each : known_) names.push_back(each.name);
    if (name.empty())
      return fmt::format("no SERVICE given (there are: {})", fmt::join(names, ", "));
    return fmt::format("there is no service '{}' (there are: {})", name, fmt::join(names, ", "));
  }

  const everything_said& said_;
  const std::vector<service_entry>& known_;
  decision made_;
  std::vector<bool> understood_;  ///< for each service: it is known what would be ignored
  reasons ignored_;
};

}  // namespace

decision resolve(const everything_said& said, const std::vector<service_entry>& known) {
  return decider(said, known).run();
}

}  // namespace samjoko::cli
