#include <samjoko/cli/manual_tables.hpp>

#include <array>
#include <samjoko/cli/options.hpp>
#include <samjoko/supervise/plan.hpp>

namespace samjoko::cli {

std::span<const signal_row> all_signals() {
  static constexpr auto rows = std::to_array<signal_row>({
      {"TERM, INT", "stop when clients are done; a second one stops at once"},
      {"QUIT", "stop at once"},
      {"USR1", "reopen the log file"},
      {"TTIN, TTOU", "one worker more, one less, in each group of workers"},
      {"HUP, USR2", "a line in the log, no more: reload and binary upgrade are not there yet"},
      {"WINCH", "ignored"},
  });
  return rows;
}

std::string_view graceful_stop() {
  return R"(A graceful stop takes no new client. Clients in the backlog and requests that have begun
are finished, until `--stop-timeout`; a client that has just come and said nothing has 250 ms to
begin. With `--drain-delay` the first signal only announces the stop, the second one begins it, and
a third stops at once. As soon as the backlog is empty newcomers are refused, and a successor can
listen. A listener that was handed over (`fd:`) belongs to its giver: newcomers wait there.)";
}

std::span<const exit_code_row> all_exit_codes() {
  static constexpr auto rows = std::to_array<exit_code_row>({
      {0,
       "stopped by order, also when clients were cut off at `--stop-timeout`; a control command "
       "is done"},
      {exit_not_written, "the answer could not be written: standard output is full or closed"},
      {exit_usage, "wrong usage or configuration; one line says what is wrong"},
      {exit_could_not_start,
       "it could not start (an address in use …), or its workers kept failing; a control command "
       "found no server, or the server refused"},
      {supervise::exit_do_not_restart,
       "every worker asked not to be started again, by exiting with 125"},
  });
  return rows;
}

std::span<const variable_row> outside_variables() {
  static constexpr auto rows = std::to_array<variable_row>({
      {"JOURNAL_STREAM", "systemd", "`--log-format auto`: standard error is the journal"},
      {"NOTIFY_SOCKET", "systemd", "READY=1, STOPPING=1, STATUS="},
      {"WATCHDOG_USEC, WATCHDOG_PID", "systemd", "WATCHDOG=1, at half of that time"},
      {"LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES", "systemd",
       "sockets that are handed over: `fd:3`, `fd:NAME`"},
      {"XDG_RUNTIME_DIR", "login", "the folder of the control socket"},
      {"PATH", "you", "where `exec` and a handler's program find a name without a slash"},
  });
  return rows;
}

std::string_view variables_of_options() {
  return R"(Each option has a variable: `SAMJOKO_` and its name in capitals, with `_` for each dash,
such as `SAMJOKO_IDLE_TIMEOUT=10s` for `--idle-timeout`. A switch is `true` or `false`; several
listeners are separated by spaces. A built-in default holds below the configuration file, the file
below the environment, and the environment below the command line. A variable of that prefix that
is no option's is an error, but for those that Kubernetes and Docker set for a service called
samjoko.)";
}

std::span<const address_row> address_forms() {
  static constexpr auto rows = std::to_array<address_row>({
      {"127.0.0.1:7000, [::1]:7000", "that address of this machine"},
      {":7000", "all addresses, IPv6 and IPv4; IPv4 alone where IPv6 is off"},
      {"unix:/run/x.sock", "a unix socket"},
      {"www.example.com:7000",
       "a host by its name: the listener has all addresses of it that this machine has; the name "
       "is looked up at the start"},
      {"fd:3", "an inherited descriptor that listens"},
      {"fd:NAME",
       "a socket that systemd handed over under this name (LISTEN_FDNAMES); each socket that is "
       "handed over must be named"},
  });
  return rows;
}

std::string_view value_forms() {
  return R"(A TIME is `10s`, `500ms`, `2m` or `1h`; a bare number is seconds. A SIZE is `4096`,
`64k` or `2m`. A switch is off or on, and can be taken back as `--list=false`.)";
}

}  // namespace samjoko::cli
