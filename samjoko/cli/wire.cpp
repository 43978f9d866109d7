#include <samjoko/cli/wire.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <samjoko/os/handed_descriptors.hpp>
#include <samjoko/os/log_writer.hpp>
#include <samjoko/os/output.hpp>
#include <samjoko/os/privilege.hpp>
#include <samjoko/os/shared_memory.hpp>
#include <samjoko/os/signals.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/serve/connection_account.hpp>
#include <samjoko/serve/model.hpp>
#include <samjoko/supervise/master.hpp>

namespace samjoko::cli {
namespace {

using supervise::named_listener;

int complain(const error& wrong, std::string_view try_this) {
  os::log_error("start", "{}{}{}", wrong.sentence(), try_this.empty() ? "" : ": ", try_this);
  return exit_could_not_start;
}

std::string advice_for(const error& wrong, const os::address& where) {
  if (where.inherited() == os::address::missing)
    return os::why_not_handed(where.handed_name(), os::handed_to_this_process());
  if (wrong.is(EADDRINUSE))
    return "another server listens there; stop it or choose another address";
  if (wrong.is(EACCES) && where.port() != 0 && where.port() < 1024)
    return "ports below 1024 need root or CAP_NET_BIND_SERVICE; choose one above";
  if (wrong.is(EADDRNOTAVAIL)) return "this machine does not have that address";
  return {};
}

os::log_level level_of(std::string_view name) {
  constexpr std::array<std::string_view, 5> names{"debug", "info", "notice", "warning", "error"};
  const auto found = std::ranges::find(names, name);
  return static_cast<os::log_level>(found - names.begin());
}

result<void> begin_log(const serve_options& options) {
  os::process_log().set_least_level(level_of(options.log_level));
  os::process_log().set_format(format_for(options.operate, options.log_file.empty()));
  auto target = options.log_file.empty() ? os::duplicate(os::standard_error)
                                         : os::open_for_append(options.log_file);
  if (!target) return failure_of(target);
  return os::log_to(std::move(*target), "master");
}

result<named_listener> open_listener(const serve_options& options, const os::address& where,
                                     std::size_t group) {
  auto socket = os::listen_on(where, {.backlog = options.backlog,
                                      .unix_mode = options.unix_mode,
                                      .unix_owner = options.unix_owner});
  if (!socket) return failure_of(socket);
  const auto bound = os::local_address(socket->get());
  auto name = bound && !where.dual_stack() ? bound->text()
              : bound                      ? fmt::format(":{}", bound->port())
                                           : where.text();
  return named_listener{.socket = std::move(*socket), .name = std::move(name), .group = group};
}

/// All listeners, or the first one's error.
std::expected<std::vector<named_listener>, int> open_listeners(const serve_options& options,
                                                               const worker_groups& groups) {
  std::vector<named_listener> listeners;
  for (const auto& [where, how] : options.listen) {
    auto opened = open_listener(options, where, groups.of_listener[listeners.size()]);
    if (!opened)
      return std::unexpected(complain(opened.error(), advice_for(opened.error(), where)));
    listeners.push_back(std::move(*opened));
  }
  return listeners;
}

/// Those of a group that was closed, where they had been; also where the kernel had chosen the
/// port.
result<void> open_group(const serve_options& options, std::vector<named_listener>& all,
                        std::size_t group) {
  for (std::size_t n = 0; n < all.size(); ++n) {
    if (all[n].group != group || all[n].socket) continue;
    const auto& asked = options.listen[n].where;
    const auto bound = os::address::parse(all[n].name);
    const bool by_kernel = asked.family() != AF_UNSPEC && asked.port() == 0 && bound;
    auto opened = open_listener(options, by_kernel ? *bound : asked, group);
    if (!opened) return failure_of(opened);
    all[n].socket = std::move(opened->socket);
  }
  return {};
}

void say_what_is_served(const serve_options& options, const std::vector<named_listener>& listeners,
                        const worker_groups& groups) {
  for (const auto& each : listeners) {
    const auto& how = groups.all[each.group].how;
    os::log_notice(os::every("listening"), "serving {} on {} by {}, {} worker{}", options.service,
                   each.name, describe(how), how.workers, how.workers == 1 ? "" : "s");
  }
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
  orders.heartbeat = [&me] { me.heartbeat(); };
  return orders;
}

class work_of_a_worker {
 public:
  work_of_a_worker(const serve_options& options, const worker_groups& groups,
                   const service& offered, std::span<serve::counters> counts,
                   const serve::connection_account& account)
      : options_(options), groups_(groups), offered_(offered), counts_(counts), account_(account) {}

  int operator()(supervise::worker& me) const {
    // sendfile(2) has no MSG_NOSIGNAL; a peer that went away is an error to us, not a death.
    static_cast<void>(os::ignore_signal(SIGPIPE));
    if (!options_.user.empty()) {
      if (const int code = give_up_root(); code != 0) return code;
    }
    std::vector<int> listeners;
    for (const auto& each : me.listeners()) listeners.push_back(each.socket.get());
    auto orders = orders_of(me);
    serve::workload work{.offered = offered_,
                         .listeners = listeners,
                         .limits = options_.limits,
                         .from_master = orders,
                         .counts = counts_[me.inherited().number - 1],
                         .account = &account_,
                         .worker = me.inherited().number};
    me.ready();
    const auto& how = groups_.all[me.inherited().group].how;
    const auto ran = serve::run(how.model, how.spawn, work);
    if (!ran) {
      os::log_error("worker", "{}", ran.error().sentence());
      return exit_could_not_start;
    }
    me.finished();
    return 0;
  }

 private:
  [[nodiscard]] int give_up_root() const {
    const auto who = os::find_identity(options_.user, options_.group);
    if (!who) return complain(who.error(), {});
    const auto became = os::become(*who);
    return became ? 0 : complain(became.error(), "only root can change its user");
  }

  const serve_options& options_;
  const worker_groups& groups_;
  const service& offered_;
  std::span<serve::counters> counts_;
  const serve::connection_account& account_;
};

/// Inherited listeners are left as they are: their other holders go on with them.
void close_to_newcomers(const serve_options& options, const std::vector<named_listener>& open) {
  for (std::size_t n = 0; n < open.size(); ++n) {
    const auto& where = options.listen[n].where;
    if (where.inherited() >= 0) continue;
    if (open[n].socket) {
      os::hold_new_handshakes(open[n].socket.get());
    } else if (where.is_unix()) {
      os::remove_stale(where);  // nobody of its group was left
    }
  }
}

void remove_socket_files(const serve_options& options) {
  for (const auto& each : options.listen) {
    if (each.where.is_unix()) os::remove_stale(each.where);
  }
}

supervise::operating seen_from_outside(const serve_options& options, const worker_groups& groups,
                                       std::span<const serve::counters> counts) {
  supervise::operating outside;
  for (const auto& each : groups.all) outside.groups.push_back({each.name, describe(each.how)});
  outside.connections_of = [counts](std::size_t slot) -> supervise::connection_counts {
    const auto& of = counts[slot];
    return {.open = static_cast<std::uint64_t>(std::max<std::int64_t>(of.open.load(), 0)),
            .accepted = of.accepted.load(),
            .refused = of.refused.load(),
            .accept_pauses = of.accept_pauses.load()};
  };
  outside.open_group = [&options](std::vector<named_listener>& all, std::size_t group) {
    return open_group(options, all, group);
  };
  return outside;
}

int serve_until_stopped(const serve_options& options, const service& offered, operation& operated,
                        bool& closed_to_newcomers) {
  const auto groups = group(options.listen, options.placed);
  auto listeners = open_listeners(options, groups);
  if (!listeners) return listeners.error();
  say_what_is_served(options, *listeners, groups);

  supervise::master_settings settings;
  settings.plan.workers.clear();
  for (const auto& each : groups.all) {
    settings.plan.workers.push_back(each.how.workers);
    if (groups.all.size() > 1) settings.group_names.push_back(each.name);
  }
  settings.plan.drain_limit = options.stop_timeout;
  settings.plan.stay_when_given_up = options.operate.when_parked == "stay";
  auto counts = os::shared_cells<serve::counters>::make(settings.plan.most_workers);
  if (!counts) return complain(counts.error(), {});
  auto account = serve::connection_account::make(options.limits, settings.plan.most_workers);
  if (!account) return complain(account.error(), "choose a lower --max-connections");
  settings.after_worker_end = [&](std::size_t number) {
    account->give_back(number);
    counts->cells()[number - 1].open.store(0);
  };
  settings.outside = seen_from_outside(options, groups, counts->cells());
  operated.give(settings.outside);
  settings.listeners = std::move(*listeners);
  settings.before_graceful_stop = [&](const std::vector<named_listener>& open) {
    closed_to_newcomers = true;
    close_to_newcomers(options, open);
  };
  if (!options.log_file.empty())
    settings.reopen_log = [&options] { return os::open_for_append(options.log_file); };
  const int code = supervise::run_master(
      std::move(settings), work_of_a_worker(options, groups, offered, counts->cells(), *account));
  if (account->refused() > 0)
    os::log_notice(os::every("refused"), "{} clients were refused by the limits on connections",
                   account->refused());
  return code;
}

}  // namespace

int serve(const serve_options& options, const service& offered) {
  // A log whose reader is gone is an error to us, not a death.
  static_cast<void>(os::ignore_signal(SIGPIPE));
  if (auto begun = begin_log(options); !begun) return complain(begun.error(), {});
  if (auto raised = os::raise_open_files_limit(); !raised) return complain(raised.error(), {});
  if (!options.user.empty()) {
    const auto who = os::find_identity(options.user, options.group);
    if (!who) return complain(who.error(), "no such user or group");
  }
  operation operated;
  if (auto begun = operated.begin(options.operate); !begun) return complain(begun.error(), {});
  bool closed_to_newcomers = false;
  const int code = serve_until_stopped(options, offered, operated, closed_to_newcomers);
  if (!closed_to_newcomers) remove_socket_files(options);
  return code;
}

}  // namespace samjoko::cli
