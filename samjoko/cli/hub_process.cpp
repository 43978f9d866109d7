#include <samjoko/cli/hub_process.hpp>

#include <samjoko/base/check.hpp>
#include <samjoko/hub/hub_address.hpp>
#include <samjoko/hub/server.hpp>

namespace samjoko::cli {

result<void> add_hub(supervise::master_settings& settings) {
  auto listener = hub::open_rendezvous();
  if (!listener) return failure_of(listener);
  auto& plan = settings.plan;
  settings.listeners.push_back(
      {.socket = std::move(*listener), .name = "the hub", .group = plan.workers.size()});
  if (settings.group_names.empty()) settings.group_names.resize(plan.workers.size());
  settings.group_names.emplace_back(hub_group);
  settings.group_models.emplace_back(hub_group);
  settings.group_services.emplace_back(hub_group);
  plan.workers.push_back(1);
  plan.helper_groups = 1;
  plan.most_workers += 1;
  return {};
}

int be_hub(supervise::worker& me, const std::vector<int>& listeners, const hub::limits& bounds,
           scoreboard::counters& counts) {
  SAMJOKO_CHECK(listeners.size() == 1, "the hub has one listener");
  // Without a master the hub is not told when the last worker has ended: as long as there are links
  // some workers still finish their clients, within the stop's limit, which this process keeps by
  // itself.
  const auto stop_asked = [&me, &counts] {
    const auto order = me.take();
    if (order == supervise::stop_order::immediate) return true;
    const bool is_needed = me.master_is_gone() && counts.open.load() > 0;
    return order == supervise::stop_order::graceful && !is_needed;
  };
  const hub::server_orders orders{
      .descriptor = me.descriptor(),
      .stop_asked = stop_asked,
      .is_successor = me.inherited().generation > 1,
      .admitted = [&counts] { scoreboard::count(counts.accepted); },
      .holds =
          [&counts](std::size_t links) { counts.open.store(static_cast<std::int64_t>(links)); }};
  me.ready();
  hub::run_server(listeners.front(), bounds, orders);
  return 0;
}

result<void> reopen_hub(std::vector<supervise::named_listener>& all, std::size_t group) {
  for (auto& each : all) {
    if (each.group != group || each.socket) continue;
    auto opened = hub::reopen_rendezvous();
    if (!opened) return failure_of(opened);
    each.socket = std::move(*opened);
  }
  return {};
}

}  // namespace samjoko::cli
