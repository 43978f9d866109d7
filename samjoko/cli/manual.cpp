#include <samjoko/cli/manual.hpp>

#include <fmt/format.h>

#include <samjoko/cli/commands.hpp>
#include <samjoko/cli/option.hpp>
#include <samjoko/cli/version.hpp>

namespace samjoko::cli {
namespace {

/// Text that is shown as it is: dashes that can be copied, nothing taken for a request (man 7
/// groff, "Escape sequences").
std::string plain(std::string_view text) {
  std::string made;
  bool starts_line = true;
  for (const char each : text) {
    if (starts_line && (each == '.' || each == '\'')) made += "\\&";
    if (each == '-') made += '\\';
    made += each == '\\' ? std::string("\\e") : each == '\n' ? " " : std::string(1, each);
    starts_line = false;
  }
  return made;
}

std::string title(std::string_view name, int section) {
  return fmt::format(".TH {} {} \"\" \"samjoko {}\"\n", name, section, version_text);
}

/// What an option is, its default, and which services it applies_to.
std::string meaning(const option& which) {
  auto text = plain(which.help) + ".\n";
  if (const auto standard = default_of(which); !standard.empty())
    text += fmt::format("Default: {}.\n", plain(standard));
  if (!which.needs.empty()) text += fmt::format("Needs {}.\n", plain(which.needs));
  return text;
}

std::string options_of_command_line(const std::vector<service_entry>& services) {
  std::string text, heading;
  for (const auto& each : all_options()) {
    if (!can_concern_any(each, services)) continue;
    if (each.heading != heading) text += fmt::format(".SS {}\n", heading = each.heading);
    text += ".TP\n";
    if (each.letter != 0) text += fmt::format(".BR \\-{} \", \" ", each.letter);
    text += each.letter == 0 ? ".B " : "";
    text += fmt::format("\\-\\-{}", plain(each.name));
    if (!is_switch(each))
      text += each.letter == 0 ? fmt::format(" \\fI{}\\fP", each.kind)
                               : fmt::format(" \" \\fI{}\\fP\"", each.kind);
    text += "\n" + meaning(each);
  }
  return text;
}

std::string keys(extent whose, const std::vector<service_entry>& services) {
  std::string text;
  for (const auto& each : all_options()) {
    if (!can_concern_any(each, services)) continue;
    if (each.holds_for != whose || each.name == "config") continue;
    text += fmt::format(".TP\n.B {}\n({})\n{}", plain(each.name),
                        is_switch(each) ? "true or false" : each.kind, meaning(each));
  }
  return text;
}

std::string commands() {
  std::string text;
  for (const auto& each : all_commands())
    text +=
        fmt::format(".TP\n.B {}{}{}{}\n{}.\n", plain(each.name), each.usage.empty() ? "" : " ",
                    plain(each.usage), each.takes_options ? " [options]" : "", plain(each.summary));
  return text;
}

std::string names(const std::vector<service_entry>& services) {
  std::string text;
  for (const auto& each : services)
    text += fmt::format(".TP\n.B {}{}{}\n{}.\n", each.name, each.usage.empty() ? "" : " ",
                        plain(each.usage), plain(each.summary));
  return text;
}

constexpr std::string_view values = R"(An ADDRESS is numeric:
127.0.0.1:7000, [::1]:7000, :7000 (IPv6 and IPv4), unix:/path, fd:3.
A TIME is 10s, 500ms, 2m or 1h; a bare number is seconds.
A SIZE is 4096, 64k or 2m.
)";

std::string commands_page(const std::vector<service_entry>& services) {
  return title("SAMJOKO", 1) + R"(.SH NAME
samjoko \- serve many clients by processes, threads or multiplexing
.SH SYNOPSIS
.B samjoko serve
.I SERVICE
[\fIARGS\fP] [\fIoptions\fP]
.br
.B samjoko serve \-\-config
.I FILE
.br
.B samjoko
.I command
.SH DESCRIPTION
A master process opens the listeners, forks workers, replaces the dead and says how each of them
ended.
Each worker serves its clients by one of three models:
a process for each client, a thread for each, or one event loop for all.
.SH COMMANDS
)" + commands() +
         ".SH SERVICES\n" + names(services) + ".SH OPTIONS\n" + std::string(values) +
         R"(An option that nothing would heed is an error.
A switch can be taken back as
.BR \-\-list=false .
)" + options_of_command_line(services) +
         R"(.SH ENVIRONMENT
Each option has a variable: SAMJOKO_ and its name in capitals, with _ for each dash, such as
.B SAMJOKO_IDLE_TIMEOUT=10s
for \-\-idle\-timeout; a switch is true or false; several listeners are separated by spaces.
A built\-in default holds below what the configuration file says, the file below the environment,
and the environment below the command line.
A variable of that prefix that is no option's is an error, but for those that Kubernetes and Docker
set for a service called samjoko.
.SH SIGNALS
To the master: TERM and INT stop when clients are done, a second one at once; QUIT stops at once;
USR1 reopens the log; TTIN and TTOU start one worker more and stop one, in each group.
.SH EXIT STATUS
.TP
.B 0
stopped by order
.TP
.B 2
wrong usage or configuration; one line says what is wrong
.TP
.B 3
could not start, or the workers kept falling
.TP
.B 125
every worker asked not to be started again
.SH SEE ALSO
.BR samjoko.toml (5)
)";
}

constexpr std::string_view configuration_head = R"(.SH NAME
samjoko.toml \- configuration of samjoko
.SH DESCRIPTION
A file in the language TOML (toml.io), in UTF\-8, of at most 1 MiB, that
.B samjoko serve \-\-config
.I FILE
reads, and
.B samjoko check
.I FILE
checks.
Its keys are the long options of
.BR samjoko (1)
without their dashes.
A time or a size is a string as on the command line, or a number; a switch is true or false.
.P
Above the first [[service]] stand the keys of the whole program, and those that hold for each
service that does not say its own.
Each [[service]] is a service with its own listeners, workers and limits; the limit
.B max\-connections
counts the connections of that service alone.
A file without [[service]] holds the options of the one service that the command line names.
.P
An unknown key, a key that is said twice, a value of a wrong type, and an option that nothing would
heed are errors.
The environment and the command line overrule the file, for all its services; a file that is
checked is checked alone.
.SH EXAMPLE
.nf
.EX
stop\-timeout = "20s"
log\-level = "notice"

[[service]]
name = "site"
run = "files"
arguments = ["/srv/www"]
listen = [":8080", "unix:/run/site.sock"]
model = "multiplex"
workers = 2
max\-connections = 1000

[[service]]
run = "echo"
listen = "127.0.0.1:7000"
model = "process"
.EE
.fi
.SH KEYS OF A SERVICE
.TP
.B run
What it serves, one of the following, with its
.BR arguments :
)";

std::string configuration_page(const std::vector<service_entry>& services) {
  return title("SAMJOKO.TOML", 5) + std::string(configuration_head) + names(services) +
         R"(.TP
.B arguments
A list of strings.
.TP
.B name
For people, in the log; letters, digits and any of \- _ . up to 64; different for each service.
Default: as
.BR run .
.SH KEYS OF EACH SERVICE OR OF ALL
)" + std::string(values) +
         keys(extent::service, services) + ".SH KEYS OF THE PROGRAM\n" +
         keys(extent::program, services) +
         R"(.SH SEE ALSO
.BR samjoko (1)
)";
}

}  // namespace

std::string manual_page(std::string_view section, const std::vector<service_entry>& services) {
  if (section == "1") return commands_page(services);
  return section == "5" ? configuration_page(services) : "";
}

}  // namespace samjoko::cli
