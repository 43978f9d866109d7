#pragma once
// Charter: what the master is given so that the running service can be seen and controlled: by its
// operator through the control socket, by a service manager through its notifications. All of it
// may be left out.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <samjoko/base/result.hpp>
#include <samjoko/operate/notify.hpp>
#include <samjoko/operate/status.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/postmortem/death_storm.hpp>
#include <samjoko/supervise/heritage.hpp>

namespace samjoko::operate {

struct group_title {
  std::string name;   ///< "thread-pool"
  std::string model;  ///< "thread, spawn pool"
};

struct settings {
  std::string program = "samjoko";  ///< as people type it
  std::string version;
  /// Bound and listening; its file is the caller's. None: no client can ask.
  os::descriptor control;
  /// One for each group of the plan, or none.
  std::vector<group_title> groups;
  /// What the workers of a slot, from 0 up, have counted. May be empty.
  std::function<connection_counts(std::size_t slot)> connections_of;
  /// The text about deaths, in words or as JSON: of all that are kept, the latest last, or of the
  /// one of that `number`; none when there is none. Empty function: the text is about the last ends
  /// that the master has seen.
  std::function<std::optional<std::string>(bool json, std::uint64_t number)> deaths;
  /// What operators should see first: series of deaths that go on now. May be empty.
  std::function<std::vector<postmortem::storm_of_deaths>()> storms;
  /// How many deaths were recorded since the start. May be empty.
  std::function<std::uint64_t()> death_count;
  /// Opens the listeners of a group that were closed because all its workers had been given up. May
  /// be empty: then such a group cannot be revived.
  std::function<result<void>(std::vector<supervise::named_listener>& all, std::size_t group)>
      open_group;
  /// Called once, when the service is ready (service_notifier.hpp says when). May be empty.
  std::function<void()> when_ready;
  service_manager manager;
};

}  // namespace samjoko::operate
