#pragma once
// Charter: which workers serve a listener's clients: the choice of model, spawn and workers that
// each listener may make for itself, the default where it makes none, and the groups of workers
// that follow from it. Pure: text and data in, data out.

#include <cstdint>
#include <optional>
#include <samjoko/base/result.hpp>
#include <samjoko/os/address.hpp>
#include <samjoko/os/host_name.hpp>
#include <samjoko/serve/placement_limits.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::cli {

/// How many workers a program may have in all.
inline constexpr std::uint32_t most_workers = 256;

/// What was set; the rest is taken from elsewhere.
struct placement_choice {
  std::optional<samjoko::model> model{};
  std::optional<samjoko::spawn> spawn{};
  std::optional<std::uint32_t> workers{};
};

/// What holds. Multiplex has no spawn; it is set to `pool` there, so that equal placements compare
/// equal.
struct placement {
  samjoko::model model = samjoko::model::multiplex;
  samjoko::spawn spawn = samjoko::spawn::pool;
  std::uint32_t workers = 1;

  friend bool operator==(const placement&, const placement&) noexcept = default;
};

/// Takes each of the three from `narrow`, or else from `wide`, or else the default: multiplex;
/// pool; as many workers as usable processors for multiplex, 1 for the others.
[[nodiscard]] placement settle(const placement_choice& narrow, const placement_choice& wide = {});

struct listener_options {
  os::address where;  ///< a host's name is looked up at the start
  placement_choice how{};
  std::optional<os::host_name> host{};

  [[nodiscard]] std::string text() const { return host ? host->text() : where.text(); }
  [[nodiscard]] unsigned port() const { return host ? host->port : where.port(); }
};

/// 127.0.0.1:7000, the default when no listener is set.
[[nodiscard]] listener_options default_listener();

/// Workers that serve the same listeners of one service in the same way.
struct worker_group {
  placement how;
  std::string name;         ///< unique: "thread-pool", "multiplex x2", "site"
  std::size_t service = 0;  ///< the index of what they serve
};

struct worker_groups {
  std::vector<worker_group> all;
  std::vector<std::size_t> of_listener;  ///< for each listener the index of its group
};

/// A service of the program, as far as its workers are concerned.
struct placed_service {
  std::string_view name;
  std::span<const listener_options> listeners;
  placement_choice wide;  ///< for a listener without a choice of its own
};

/// Listeners of one service whose placements are equal share a group. In the order of their first
/// listener; `of_listener` counts through the listeners of all services. With several services the
/// name of each stands before those of its groups.
[[nodiscard]] worker_groups group(std::span<const placed_service> services);
/// The groups of one service.
[[nodiscard]] worker_groups group(std::span<const listener_options> listeners,
                                  const placement_choice& wide);

/// Refuses a listener that cannot be: a standard stream, a descriptor that an earlier listener has,
/// a spawn for multiplex. condition::bad_argument; the message begins with its address.
[[nodiscard]] result<void> check_listener(std::span<const listener_options> listeners,
                                          std::size_t which, const placement_choice& wide);
/// Why no listener uses the choice of "model", "spawn" or "workers" in `wide`; empty when one uses
/// it. In words of the command line, to stand behind the option's name.
[[nodiscard]] std::string why_choice_ignored(std::string_view choice,
                                             std::span<const listener_options> listeners,
                                             const placement_choice& wide);
/// Refuses more workers than a program may have; condition::bad_argument.
[[nodiscard]] result<void> check_workers(std::span<const worker_group> groups);
/// All these checks for one service, in words of the command line; condition::bad_argument.
[[nodiscard]] result<void> check_listeners(std::span<const listener_options> listeners,
                                           const placement_choice& wide);

/// The text as a user writes it; condition::bad_argument.
[[nodiscard]] result<model> parse_model(std::string_view text);
[[nodiscard]] result<spawn> parse_spawn(std::string_view text);
[[nodiscard]] result<std::uint32_t> parse_workers(std::string_view text);
/// `ADDRESS[,model=MODEL][,spawn=SPAWN][,workers=N]`. The address ends at the first comma, so a
/// unix path with a comma cannot be given.
[[nodiscard]] result<listener_options> parse_listener(std::string_view text);

/// "process, spawn pool", "multiplex"
[[nodiscard]] std::string describe(const placement& how);

}  // namespace samjoko::cli
