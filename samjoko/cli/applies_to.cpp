// Which services use which options: the error of design section 5, "an option that the chosen model
// ignores".
#include <fmt/format.h>

#include <algorithm>
#include <samjoko/cli/option.hpp>

namespace samjoko::cli {
namespace {

template <class Fits>
bool any(const serve_options& service, Fits fits) {
  return std::ranges::any_of(service.listen, [&](const listener_options& each) {
    return fits(settle(each.how, service.placed));
  });
}

bool is_pool(const placement& how) {
  return how.model != model::multiplex && how.spawn == spawn::pool;
}

std::string without(bool fits, const char* needs) {
  return fits ? "" : fmt::format("would be ignored here: it needs {}; leave it out", needs);
}

}  // namespace

bool can_concern(const option& which, const service_entry& entry) {
  switch (which.audience) {
    case applies_to::http: return entry.speaks_http;
    case applies_to::lists: return entry.lists_directories;
    case applies_to::hub: return entry.uses_hub;
    case applies_to::chats: return entry.chats;
    case applies_to::connecting: return entry.connects;
    case applies_to::programs: return entry.runs_program;
    case applies_to::own_bytes: return !entry.runs_program;
    case applies_to::process_pools: return !entry.one_process;
    default: return true;
  }
}

bool can_concern_any(const option& which, const std::vector<service_entry>& services) {
  return std::ranges::any_of(services,
                             [&](const service_entry& each) { return can_concern(which, each); });
}

std::string why_ignored(const option& which, const serve_options& service,
                        const service_entry& entry) {
  switch (which.audience) {
    case applies_to::all: break;
    case applies_to::model_choice:
    case applies_to::spawn_choice:
    case applies_to::workers_choice:
      return why_choice_ignored(which.name, service.listen, service.placed);
    case applies_to::pools:
      return without(any(service, is_pool), "--model process or thread with --spawn pool");
    case applies_to::process_pools:
      return without(
          any(service,
              [](const placement& how) { return is_pool(how) && how.model == model::process; }),
          "--model process with --spawn pool");
    case applies_to::threads:
      return without(any(service, [](const placement& how) { return how.model == model::thread; }),
                     "--model thread");
    case applies_to::unix_sockets:
      return without(
          std::ranges::any_of(service.listen,
                              [](const listener_options& each) { return each.where.is_unix(); }),
          "--listen unix:PATH");
    case applies_to::http: return without(entry.speaks_http, "a service that speaks HTTP");
    case applies_to::lists: return without(entry.lists_directories, "the service files");
    case applies_to::hub: return without(entry.uses_hub, "a service with a hub");
    case applies_to::chats: return without(entry.chats, "the service chat");
    case applies_to::connecting: return without(entry.connects, "the service relay");
    case applies_to::programs: return without(entry.runs_program, "the service exec");
    case applies_to::own_bytes:
      return without(!entry.runs_program, "a service that reads and writes itself");
  }
  return {};
}

}  // namespace samjoko::cli
