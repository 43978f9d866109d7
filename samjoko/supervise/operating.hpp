#pragma once
// Charter: what the master is given so that the running service can be seen and steered: by its
// operator through the control socket, by a service manager through its notifications. All of it
// may be left out.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <samjoko/base/result.hpp>
#include <samjoko/os/death_storm.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/notify.hpp>
#include <samjoko/supervise/heritage.hpp>
#include <samjoko/supervise/status.hpp>

namespace samjoko::supervise {

struct group_title {
  std::string name;   ///< "thread-pool"
  std::string model;  ///< "thread, spawn pool"
};

struct operating {
  std::string program = "samjoko";  ///< as people type it
  std::string version;
  /// Bound and listening; its file is the caller's. None: nobody can ask.
  os::descriptor control;
  /// One for each group of the plan, or none.
  std::vector<group_title> groups;
  /// What the workers of a slot, from 0 up, have counted. May be empty.
  std::function<connection_counts(std::size_t slot)> connections_of;
  /// What there is to say of deaths, in words or as JSON: of all that are kept, the latest last, or
  /// of the one of that `number`; none when there is none. Empty: the last ends that the master has
  /// seen.
  std::function<std::optional<std::string>(bool json, std::uint64_t number)> deaths;
  /// What people are to know first: deaths that come in crowds now. May be empty.
  std::function<std::vector<os::storm_of_deaths>()> storms;
  /// How many deaths were recorded since the start. May be empty.
  std::function<std::uint64_t()> death_count;
  /// Opens the listeners of a group whose place is empty, because all its workers had been given
  /// up. May be empty: then such a group cannot be recalled.
  std::function<result<void>(std::vector<named_listener>& all, std::size_t group)> open_group;
  /// Called once, when the service is ready (announcer.hpp says when). May be empty.
  std::function<void()> when_ready;
  os::service_manager manager;
};

}  // namespace samjoko::supervise
