// The options of a whole program, whatever it serves. A row is all there is to an option
// (option.hpp says what its fields mean).
#include <samjoko/cli/operating.hpp>
#include <samjoko/cli/option_rows.hpp>

namespace samjoko::cli {
namespace {

using options = serve_options;

option_group program_rows() {
  return {"The program",
          {
              {.name = "config",
               .kind = "FILE",
               .help = "a TOML file of options, and of services when none is named",
               .holds_for = extent::program,
               .standard_words = "none",
               .take = into(parse_text, &options::config_file)},
              {.name = "stop-timeout",
               .kind = "TIME",
               .standard = "30s",
               .help = "to finish clients in when stopped",
               .holds_for = extent::program,
               .take = into(parse_time, &options::stop_timeout)},
              {.name = "stuck-timeout",
               .kind = "TIME",
               .standard = "60s",
               .help = "a handler that runs without awaiting; 0: never",
               .holds_for = extent::program,
               .take = into(parse_time, &options::stuck_timeout)},
              {.name = "control",
               .kind = "PATH",
               .help = "where status and the like ask; none: nowhere",
               .holds_for = extent::program,
               .standard_words = "a folder of the user",
               .take = into(parse_text, &options::operate, &operating_options::control)},
              {.name = "pid-file",
               .kind = "PATH",
               .help = "there while the service is ready",
               .holds_for = extent::program,
               .standard_words = "none",
               .take = into(parse_text, &options::operate, &operating_options::pid_file)},
              {.name = "when-failed",
               .kind = "WHAT",
               .standard = "leave",
               .help = "all workers were given up: leave with 3, or stay, for\n"
                       "status and reset-failed",
               .holds_for = extent::program,
               .choices = {"leave", "stay"},
               .take = into(parse_when_failed, &options::operate, &operating_options::when_failed)},
              {.name = "user",
               .kind = "USER",
               .help = "workers give up root for this user",
               .holds_for = extent::program,
               .standard_words = "stay",
               .take = into(parse_text, &options::user)},
              {.name = "group",
               .kind = "GROUP",
               .help = "and this group",
               .holds_for = extent::program,
               .standard_words = "the user's",
               .needs = "user",
               .take = into(parse_text, &options::group)},
          }};
}

option_group log_rows() {
  return {"The log",
          {
              {.name = "log",
               .kind = "FILE",
               .help = "append to this file; - is standard error",
               .holds_for = extent::program,
               .standard_words = "standard error",
               .take = into(parse_log_file, &options::log_file)},
              {.name = "log-level",
               .kind = "LEVEL",
               .standard = "info",
               .help = "debug, info, notice, warning or error",
               .holds_for = extent::program,
               .choices = {"debug", "info", "notice", "warning", "error"},
               .take = into(parse_level, &options::log_level)},
              {.name = "log-format",
               .kind = "FORMAT",
               .standard = "auto",
               .help = "text, json, journald or auto: journald if standard\n"
                       "error is the journal, else text",
               .holds_for = extent::program,
               .choices = {"auto", "text", "json", "journald"},
               .take = into(parse_log_format, &options::operate, &operating_options::log_format)},
          }};
}

option of_hub(std::string_view name, std::string_view kind, std::string_view standard,
              std::string_view help, taker take) {
  return {.name = name,
          .kind = kind,
          .standard = standard,
          .help = help,
          .audience = applies_to::hub,
          .holds_for = extent::program,
          .take = std::move(take)};
}

option_group hub_rows() {
  using bounds = hub::limits;
  const auto in = [](auto parser, auto member) { return into(parser, &options::hub, member); };
  const auto length = count_between(1, hub::longest_text);
  const auto message = size_between(1, hub::longest_message, "a message is read in one block");
  return {"Services with a hub",
          {
              of_hub("max-topic-length", "N", "64", "bytes of a topic, or of a chat's room",
                     in(length, &bounds::topic_length)),
              of_hub("max-name-length", "N", "64", "bytes of a subscriber's name",
                     in(length, &bounds::name_length)),
              of_hub("max-message", "SIZE", "4096", "bytes of a message",
                     in(message, &bounds::message_size)),
              of_hub("max-topics", "N", "16", "topics that one is subscribed to",
                     in(count_between(1, 100'000), &bounds::topics_per_subscriber)),
              of_hub("max-subscribers", "N", "65536", "of the hub",
                     in(count_between(1, 1'000'000), &bounds::subscribers)),
              of_hub("hub-queue", "N", "256", "messages waiting for one subscriber",
                     in(count_between(1, 1'000'000), &bounds::queue_messages)),
              of_hub("hub-queue-size", "SIZE", "256k", "bytes of them",
                     in(size_between(1024, 1 << 30, "it holds some"), &bounds::queue_bytes)),
              of_hub("hub-publisher-wait", "TIME", "1s", "of publishers for a full subscriber",
                     in(parse_time, &bounds::publisher_wait)),
              of_hub("hub-slow-for", "TIME", "10s", "a subscriber full for so long is dropped",
                     in(parse_time, &bounds::slow_for)),
              of_hub("hub-name-grace", "TIME", "2s",
                     "after a hub's death, names are for those who had them",
                     in(parse_time, &bounds::name_grace)),
          }};
}

option_group stop_rows() {
  return {"The program",
          {
              {.name = "drain-delay",
               .kind = "TIME",
               .standard = "0",
               .help = "to go on accepting after the order to stop",
               .holds_for = extent::program,
               .take = into(time_between(milliseconds(0), milliseconds(86'400'000)),
                            &options::restarts, &supervise::plan_settings::drain_delay)},
          }};
}

/// With no delay a worker that cannot start would be restarted as fast as the machine can.
constexpr milliseconds shortest_delay{1}, longest_delay{86'400'000};

/// How fast workers that had served clients are replaced; under the same heading.
option_group replacement_rows() {
  using plan = supervise::plan_settings;
  return {"Workers that fail",
          {
              {.name = "replace-burst",
               .kind = "N",
               .standard = "20",
               .help = "workers of a group that had served clients are replaced at once in a row",
               .holds_for = extent::program,
               .take = into(count_between(1, 1000), &options::restarts, &plan::replace_burst)},
              {.name = "replace-rate",
               .kind = "N",
               .standard = "20",
               .help = "of them a second from then on",
               .holds_for = extent::program,
               .take = into(count_between(1, 1000), &options::restarts, &plan::replace_rate)},
              {.name = "deaths-in-full",
               .kind = "N",
               .standard = "10",
               .help = "deaths of one kind in a row, then they are summed up; 0: all",
               .holds_for = extent::program,
               .take = into(count_between(0, 1'000'000), &options::deaths_in_full)},
          }};
}

option_group restart_rows() {
  using plan = supervise::plan_settings;
  const auto delay = time_between(shortest_delay, longest_delay);
  const auto time = time_between(milliseconds(0), longest_delay);
  return {
      "Workers that fail",
      {
          {.name = "boot-timeout",
           .kind = "TIME",
           .standard = "30s",
           .help = "to be ready in after a start",
           .holds_for = extent::program,
           .take = into(delay, &options::restarts, &plan::boot_limit)},
          {.name = "stable-after",
           .kind = "TIME",
           .standard = "1s",
           .help = "a worker ready for so long is replaced at once",
           .holds_for = extent::program,
           .take = into(time, &options::restarts, &plan::stable_after)},
          {.name = "restart-delay",
           .kind = "TIME",
           .standard = "100ms",
           .help = "after the end of one that was not stable, doubling each time",
           .holds_for = extent::program,
           .take = into(delay, &options::restarts, &plan::first_delay)},
          {.name = "restart-delay-max",
           .kind = "TIME",
           .standard = "10s",
           .help = "up to this",
           .holds_for = extent::program,
           .take = into(delay, &options::restarts, &plan::longest_delay)},
          {.name = "fail-after",
           .kind = "N",
           .standard = "5",
           .help = "such ends, it is not started again",
           .holds_for = extent::program,
           .take = into(count_between(1, 1000), &options::restarts, &plan::failures_to_give_up)},
          {.name = "fail-window",
           .kind = "TIME",
           .standard = "60s",
           .help = "when they come within this time",
           .holds_for = extent::program,
           .take = into(delay, &options::restarts, &plan::failure_window)},
          {.name = "fork-delay-max",
           .kind = "TIME",
           .standard = "500ms",
           .help = "between tries while no process can be made",
           .holds_for = extent::program,
           .take = into(delay, &options::restarts, &plan::longest_fork_delay)},
          {.name = "kill-grace",
           .kind = "TIME",
           .standard = "1s",
           .help = "from the order to stop at once to SIGKILL",
           .holds_for = extent::program,
           .take = into(time, &options::restarts, &plan::kill_grace)},
      }};
}

}  // namespace

std::vector<option_group> program_options() {
  return {program_rows(), stop_rows(), log_rows(), restart_rows(), replacement_rows(), hub_rows()};
}

}  // namespace samjoko::cli
