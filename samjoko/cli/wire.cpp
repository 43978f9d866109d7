#include <samjoko/cli/wire.hpp>

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <numeric>
#include <samjoko/base/counted.hpp>
#include <samjoko/cli/hub_process.hpp>
#include <samjoko/cli/listen_names.hpp>
#include <samjoko/cli/open_listener.hpp>
#include <samjoko/cli/operating.hpp>
#include <samjoko/hub/hub_address.hpp>
#include <samjoko/log/target.hpp>
#include <samjoko/log/writer.hpp>
#include <samjoko/operate/control_handler.hpp>
#include <samjoko/operate/deaths.hpp>
#include <samjoko/operate/runtime_folder.hpp>
#include <samjoko/os/handed_descriptors.hpp>
#include <samjoko/os/output.hpp>
#include <samjoko/os/privilege.hpp>
#include <samjoko/os/process_title.hpp>
#include <samjoko/os/shared_memory.hpp>
#include <samjoko/os/signals.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/postmortem/death_log.hpp>
#include <samjoko/serve/connection_limiter.hpp>
#include <samjoko/serve/model.hpp>
#include <samjoko/supervise/master.hpp>

namespace samjoko::cli {
namespace {

using supervise::named_listener;

int complain(const error& wrong, std::string_view try_this) {
  log::error("start", "{}{}{}", wrong.sentence(), try_this.empty() ? "" : ": ", try_this);
  return exit_could_not_start;
}

log::level level_of(std::string_view name) {
  constexpr std::array<std::string_view, 5> names{"debug", "info", "notice", "warning", "error"};
  const auto found = std::ranges::find(names, name);
  return static_cast<log::level>(found - names.begin());
}

result<void> begin_log(const serve_options& options) {
  log::process_log().set_least_level(level_of(options.log_level));
  log::process_log().set_format(format_for(options.operate, options.log_file.empty()));
  auto target = options.log_file.empty() ? os::duplicate(os::standard_error)
                                         : log::open_target(options.log_file);
  if (!target) return failure_of(target);
  return log::write_to(std::move(*target), "master");
}

/// All listeners in the order of the services, or the exit code for the first error.
std::expected<std::vector<named_listener>, int> open_listeners(std::span<const offer> offers,
                                                               const worker_groups& groups,
                                                               std::span<os::socket_file> files) {
  std::vector<named_listener> listeners;
  for (const auto& [options, offered] : offers) {
    for (const auto& each : options.listen) {
      const auto& where = each.where;
      const auto n = listeners.size();
      auto opened = open_listener(options, where, groups.of_listener[n], files[n]);
      if (!opened)
        return std::unexpected(complain(opened.error(), advice_for(opened.error(), where)));
      listeners.push_back(std::move(*opened));
    }
  }
  return listeners;
}

void say_what_is_served(std::span<const offer> offers, const std::vector<named_listener>& listeners,
                        const worker_groups& groups) {
  for (const auto& each : listeners) {
    const auto& [how, name, service] = groups.all[each.group];
    log::notice(log::every("listening"), "serving {} on {} by {}, {} worker{}",
                offers[service].options.title(), each.name, describe(how), how.workers,
                how.workers == 1 ? "" : "s");
  }
}

worker_groups groups_of(std::span<const offer> offers) {
  std::vector<placed_service> services;
  for (const auto& [options, offered] : offers)
    services.push_back({options.title(), options.listen, options.placed});
  return group(services);
}

serve::orders orders_of(supervise::worker& me) {
  serve::orders orders;
  orders.descriptor = me.descriptor();
  orders.take = [&me]() -> serve::order_news {
    static_assert(static_cast<int>(supervise::stop_order::graceful) ==
                  static_cast<int>(stop_level::graceful));
    static_assert(static_cast<int>(supervise::stop_order::immediate) ==
                  static_cast<int>(stop_level::immediate));
    return {.stop = static_cast<stop_level>(me.take()), .children_ended = me.take_children_ended()};
  };
  orders.death_waits = [&me] { return me.death_waits(); };
  return orders;
}

/// What the workers of the program share, in memory that the master makes before it forks.
struct shared {
  os::slot_cells<scoreboard::counters> counts;
  std::vector<serve::connection_limiter> accounts;  ///< of each service
  std::unique_ptr<postmortem::black_boxes> deaths;
};

result<shared> make_shared_memory(std::span<const offer> offers, std::size_t most_workers) {
  shared made;
  auto counts = os::slot_cells<scoreboard::counters>::make(most_workers);
  if (!counts) return failure_of(counts);
  made.counts = std::move(*counts);
  for (const auto& each : offers) {
    auto account = serve::connection_limiter::make(each.options.limits, most_workers);
    if (!account) return failure_of(account);
    made.accounts.push_back(std::move(*account));
  }
  auto deaths = postmortem::black_boxes::make(most_workers);
  if (!deaths) return failure_of(deaths);
  made.deaths = std::move(*deaths);
  return made;
}

/// The first service that needs the hub, whose limits are the hub's; null: none does.
const offer* hub_asker(std::span<const offer> offers) {
  const auto found =
      std::ranges::find_if(offers, [](const offer& each) { return each.offered.uses_hub; });
  return found == offers.end() ? nullptr : &*found;
}

class work_of_a_worker {
 public:
  work_of_a_worker(std::span<const offer> offers, const worker_groups& groups, const shared& memory)
      : offers_(offers), groups_(groups), memory_(memory) {}

  int operator()(supervise::worker& me) const {
    if (me.inherited().group == groups_.all.size()) return serve_as_hub(me);
    const auto& group = groups_.all[me.inherited().group];
    const auto& [options, offered] = offers_[group.service];
    if (!options.user.empty()) {
      if (const int code = give_up_root(options); code != 0) return code;
    }
    forget_others(group.service);
    if (auto* box = me.inherited().box) box->service = options.title();
    hub::enter_space(options.hub_space.empty() ? options.title() : options.hub_space);
    std::vector<int> listeners;
    for (const auto& each : me.listeners()) listeners.push_back(each.socket.get());
    auto orders = orders_of(me);
    serve::workload work{.offered = offered,
                         .listeners = listeners,
                         .limits = options.limits,
                         .from_master = orders,
                         .counts = memory_.counts.at(me.inherited().number - 1),
                         .account = &memory_.accounts[group.service],
                         .worker = me.inherited().number,
                         .box = me.inherited().box};
    work.master = me.inherited().master;
    work.stop_limit = me.inherited().stop_limit;
    work.kill_grace = me.inherited().kill_grace;
    work.let_go = [&me](int listener) {
      for (auto& each : me.listeners()) {
        if (each.socket.get() == listener) each.socket.reset();
      }
    };
    me.ready();
    const auto ran = serve::run(group.how.model, group.how.spawn, work);
    if (!ran) {
      log::error("worker", "{}", ran.error().sentence());
      return exit_could_not_start;
    }
    return 0;
  }

 private:
  [[nodiscard]] int serve_as_hub(supervise::worker& me) const {
    const auto& options = hub_asker(offers_)->options;
    if (!options.user.empty()) {
      if (const int code = give_up_root(options); code != 0) return code;
    }
    if (auto* box = me.inherited().box) box->service = "hub";
    return be_hub(me, {me.listeners().front().socket.get()}, options.hub,
                  memory_.counts.at(me.inherited().number - 1));
  }

  /// A process forked for a client does not pay for the accounts of other services.
  void forget_others(std::size_t service) const {
    for (std::size_t n = 0; n < memory_.accounts.size(); ++n) {
      if (n != service) memory_.accounts[n].keep_from_children();
    }
  }

  [[nodiscard]] static int give_up_root(const serve_options& options) {
    const auto who = os::find_identity(options.user, options.group);
    if (!who) return complain(who.error(), {});
    const auto became = os::become(*who);
    return became ? 0 : complain(became.error(), "only root can change its user");
  }

  std::span<const offer> offers_;
  const worker_groups& groups_;
  const shared& memory_;
};

/// The addresses of all services, in the order of their listeners.
std::vector<os::address> addresses_of(std::span<const offer> offers) {
  std::vector<os::address> all;
  for (const auto& each : offers) {
    for (const auto& listener : each.options.listen) all.push_back(listener.where);
  }
  return all;
}

/// Inherited listeners are left as they are: their other holders go on with them.
void close_to_newcomers(std::span<const os::address> addresses,
                        const std::vector<named_listener>& open, std::span<os::socket_file> files) {
  for (auto& each : files) each.remove();
  for (std::size_t n = 0; n < addresses.size(); ++n) {
    const auto& where = addresses[n];
    const bool has_handshakes = where.inherited() < 0 && !where.is_unix();
    if (has_handshakes && open[n].socket) os::hold_new_handshakes(open[n].socket.get());
  }
}

/// Opens the listeners of a group that was closed, at their former addresses, also where the kernel
/// had chosen the port.
result<void> open_group(const serve_options& options, std::span<const os::address> addresses,
                        std::span<os::socket_file> files, std::vector<named_listener>& all,
                        std::size_t group) {
  for (std::size_t n = 0; n < all.size(); ++n) {
    if (all[n].group != group || all[n].socket) continue;
    const auto& asked = addresses[n];
    const auto bound = os::address::parse(all[n].name);
    const bool by_kernel = asked.family() != AF_UNSPEC && asked.port() == 0 && bound;
    auto opened = open_listener(options, by_kernel ? *bound : asked, group, files[n]);
    if (!opened) return failure_of(opened);
    all[n].socket = std::move(opened->socket);
  }
  return {};
}

operate::settings seen_from_outside(std::span<const offer> offers, const worker_groups& groups,
                                    std::span<const os::address> addresses,
                                    std::span<os::socket_file> files, const shared& memory) {
  operate::settings outside;
  for (const auto& each : groups.all) outside.groups.push_back({each.name, describe(each.how)});
  if (hub_asker(offers) != nullptr)
    outside.groups.push_back({hub_group, "one process that workers share"});
  outside.connections_of = [&memory](std::size_t slot) {
    return operate::counts_of(memory.counts.at(slot));
  };
  const auto& ring = memory.deaths->own().deaths;
  outside.deaths = [&ring, program = operate::program_file_name()](bool json,
                                                                   std::uint64_t number) {
    return operate::told_deaths(ring.all(), json, number, program);
  };
  outside.storms = [&ring] { return postmortem::storms_now(ring); };
  outside.death_count = [&ring] { return ring.count(); };
  outside.open_group = [=, &groups](std::vector<named_listener>& all, std::size_t group) {
    if (group == groups.all.size()) return reopen_hub(all, group);
    return open_group(offers[groups.all[group].service].options, addresses, files, all, group);
  };
  return outside;
}

void tell_refusals(const shared& memory) {
  std::uint64_t refused = 0;
  for (const auto& each : memory.accounts) refused += each.refused();
  if (refused > 0)
    log::notice(log::every("refused"), "{} {} refused by the limits on connections",
                counted(refused, "client"), refused == 1 ? "was" : "were");
}

/// The process that handed a descriptor over expects that it is served.
std::string handed_in_vain(std::span<const offer> offers, std::span<const os::address> addresses) {
  std::vector<int> used;
  for (const auto& each : addresses) used.push_back(each.inherited());
  for (const auto& each : offers)
    used.insert(used.end(), each.offered.keeps_open.begin(), each.offered.keeps_open.end());
  return os::unused_of(os::handed_to_this_process(), used);
}

void use_memory(supervise::master_settings& settings, shared& memory) {
  settings.boxes = memory.deaths.get();
  settings.forget_others = [&memory](std::size_t slot) { memory.counts.keep_only(slot); };
  settings.figures = [&memory](std::size_t slot) -> supervise::slot_figures {
    const auto& counted = memory.counts.at(slot);
    return {.clients = counted.accepted.load(), .open = counted.open.load()};
  };
  settings.after_worker_end = [&memory](std::size_t number) {
    // In the accounts of the other services the number holds nothing.
    for (const auto& each : memory.accounts) each.give_back(number);
    memory.counts.at(number - 1).open.store(0);
  };
}

void title_the_master(std::span<const offer> offers) {
  std::string titles;
  for (const auto& each : offers) titles += (titles.empty() ? "" : ", ") + each.options.title();
  os::set_title("master " + titles, {});
}

supervise::plan_settings plan_of(const serve_options& program) {
  auto plan = program.restarts;
  plan.workers.clear();
  plan.drain_limit = program.stop_timeout;
  plan.stay_when_given_up = program.operate.when_failed == "stay";
  return plan;
}

int serve_until_stopped(std::span<const offer> offers, operation& operated) {
  const auto& program = offers.front().options;
  const auto groups = groups_of(offers);
  const auto addresses = addresses_of(offers);
  std::vector<os::socket_file> files(addresses.size());  // removed with it in every case
  auto listeners = open_listeners(offers, groups, files);
  if (!listeners) return listeners.error();
  if (const auto in_vain = handed_in_vain(offers, addresses); !in_vain.empty()) {
    return complain(error(ENOENT, "handed-over descriptor that no listener names", in_vain),
                    "name each by --listen fd:N or fd:NAME, or do not hand it over");
  }
  say_what_is_served(offers, *listeners, groups);

  supervise::master_settings settings;
  settings.plan = plan_of(program);
  for (const auto& each : groups.all) {
    settings.plan.workers.push_back(each.how.workers);
    settings.group_models.push_back(each.name);
    settings.group_services.push_back(offers[each.service].options.title());
    const auto& keeps = offers[each.service].offered.keeps_open;
    settings.kept.insert(settings.kept.end(), keeps.begin(), keeps.end());
    if (groups.all.size() > 1) settings.group_names.push_back(each.name);
  }
  // Nor may an operator (scale, TTIN) later split a service that was promised one process.
  if (std::ranges::any_of(offers, [](const offer& each) { return each.offered.one_process; }))
    settings.plan.most_workers =
        std::accumulate(settings.plan.workers.begin(), settings.plan.workers.end(), std::size_t{0});
  settings.listeners = std::move(*listeners);
  if (hub_asker(offers) != nullptr) {
    if (auto added = add_hub(settings); !added) return complain(added.error(), {});
  }
  auto memory = make_shared_memory(offers, settings.plan.most_workers);
  if (!memory) return complain(memory.error(), "choose a lower --max-connections");
  use_memory(settings, *memory);
  postmortem::tell_deaths_in_full(program.deaths_in_full);
  if (!program.user.empty()) {
    const auto who = os::find_identity(program.user, program.group);
    if (!who) return complain(who.error(), "no such user or group");
    settings.boxes->unwinds_as = *who;
  }
  settings.stuck_timeout = program.stuck_timeout;
  operate::control_handler handler(
      operated.give(seen_from_outside(offers, groups, addresses, files, *memory)));
  settings.operated_by = &handler;
  settings.before_graceful_stop = [&](const std::vector<named_listener>& open) {
    close_to_newcomers(addresses, open, files);
  };
  if (!program.log_file.empty())
    settings.reopen_log = [&program] { return log::open_target(program.log_file); };
  const int code =
      supervise::run_master(std::move(settings), work_of_a_worker(offers, groups, *memory));
  tell_refusals(*memory);
  return code;
}

}  // namespace

int serve(std::span<const offer> given) {
  const auto& program = given.front().options;
  // From the first listener on, clients and operators may believe that this server is up: the
  // signals that they send wait until the master can take them (it unblocks what it listens to).
  os::block_only({SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU});
  os::keep_standard_open();
  os::survive_stray_signals();
  if (auto begun = begin_log(program); !begun) return complain(begun.error(), {});
  if (auto raised = os::raise_open_files_limit(); !raised) return complain(raised.error(), {});
  if (!program.user.empty()) {
    const auto who = os::find_identity(program.user, program.group);
    if (!who) return complain(who.error(), "no such user or group");
  }
  std::vector<offer> offers(given.begin(), given.end());
  for (auto& each : offers) {
    auto listen = with_addresses(each.options.listen);
    if (!listen) return complain(listen.error(), "write an address, or look at /etc/resolv.conf");
    each.options.listen = std::move(*listen);
  }
  title_the_master(offers);
  operation operated;
  if (auto begun = operated.begin(program.operate); !begun) return complain(begun.error(), {});
  return serve_until_stopped(offers, operated);
}

}  // namespace samjoko::cli
