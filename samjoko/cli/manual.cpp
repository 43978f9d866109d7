#include <samjoko/cli/manual.hpp>

#include <fmt/format.h>

#include <samjoko/cli/commands.hpp>
#include <samjoko/cli/manual_tables.hpp>
#include <samjoko/cli/option_sections.hpp>
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

/// The same of a text in which words between ` are what is typed or printed: they are bold.
std::string marked(std::string_view text) {
  std::string made;
  for (bool bold = false;; bold = !bold) {
    const auto end = std::min(text.find('`'), text.size());
    const auto part = plain(text.substr(0, end));
    made += bold ? fmt::format("\\fB{}\\fP", part) : part;
    if (end == text.size()) return made;
    text.remove_prefix(end + 1);
  }
}

std::string title(std::string_view name, int section) {
  return fmt::format(".TH {} {} \"\" \"samjoko {}\"\n", plain(name), section, version_text);
}

std::string row(std::string_view name, std::string_view meaning) {
  return fmt::format(".TP\n.B {}\n{}.\n", plain(name), marked(meaning));
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
  std::string text;
  for (const auto& section : option_sections(services)) {
    text += fmt::format(".SS {}\n", section.heading);
    for (const auto* each : section.rows) {
      text += ".TP\n";
      if (each->letter != 0) text += fmt::format(".BR \\-{} \", \" ", each->letter);
      text += each->letter == 0 ? ".B " : "";
      text += fmt::format("\\-\\-{}", plain(each->name));
      if (!is_switch(*each))
        text += each->letter == 0 ? fmt::format(" \\fI{}\\fP", each->kind)
                                  : fmt::format(" \" \\fI{}\\fP\"", each->kind);
      text += "\n" + meaning(*each);
    }
    for (const auto note : section.notes) text += fmt::format(".P\n{}\n", marked(note));
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

std::string commands(bool own) {
  std::string text;
  for (const auto& each : all_commands()) {
    const auto words = usage_of(each, own);
    text += row(fmt::format("{}{}{}{}", each.name, words.empty() ? "" : " ", words,
                            each.takes_options ? " [options]" : ""),
                summary_of(each, own));
  }
  return text;
}

std::string names(const std::vector<service_entry>& services) {
  std::string text;
  for (const auto& each : services)
    text += row(fmt::format("{}{}{}", each.name, each.usage.empty() ? "" : " ", each.usage),
                each.summary);
  return text;
}

std::string values() {
  auto text = marked(value_forms()) + "\nAn ADDRESS is one of these:\n";
  for (const auto& each : address_forms()) text += row(each.forms, each.meaning);
  return text;
}

std::string synopsis(const std::string& program, bool own) {
  const auto name = plain(program);
  if (own) return fmt::format(".B {}\n[\\fIoptions\\fP]\n.br\n.B {}\n.I command\n", name, name);
  return fmt::format(R"(.B {0} serve
.I SERVICE
[\fIARGS\fP] [\fIoptions\fP]
.br
.B {0} serve \-\-config
.I FILE
.br
.B {0}
.I command
)",
                     name);
}

constexpr std::string_view description = R"(A master process opens the listeners, forks workers,
replaces the dead and says how each of them ended.
Each worker serves its clients by one of three models:
a process for each client, a thread for each, or one event loop for all.
)";

std::string endings() {
  std::string text = ".SH SIGNALS\nTo the master; workers are told by the master.\n";
  for (const auto& each : all_signals()) text += row(each.names, each.effect);
  text += fmt::format(".P\n{}\n.SH EXIT STATUS\n", marked(graceful_stop()));
  for (const auto& each : all_exit_codes()) text += row(std::to_string(each.code), each.when);
  return text;
}

std::string environment() {
  auto text = fmt::format(".SH ENVIRONMENT\n{}\n", marked(variables_of_options()));
  for (const auto& each : outside_variables())
    text += row(each.names, fmt::format("Set by {}: {}", each.set_by, each.used_for));
  return text;
}

std::string commands_page(const std::string& program, const std::vector<service_entry>& services,
                          bool own) {
  auto text = title(program, 1);
  text += fmt::format(".SH NAME\n{} \\- serve many clients by processes, threads or multiplexing\n",
                      plain(program));
  text += fmt::format(".SH SYNOPSIS\n{}.SH DESCRIPTION\n{}.SH COMMANDS\n{}", synopsis(program, own),
                      description, commands(own));
  text +=
      ".P\nA command that asks a running server takes\n.B \\-\\-control\n.I PATH\nand\n"
      ".BR \\-\\-json ;\nwithout it, the only server of this program that runs for this user "
      "is taken, at once.\n";
  if (!own) text += ".SH SERVICES\n" + names(services);
  text += ".SH OPTIONS\n" + values() + ".P\nAn option that nothing would heed is an error.\n";
  text += options_of_command_line(services) + environment() + endings();
  return text + (own ? "" : ".SH SEE ALSO\n.BR samjoko.toml (5)\n");
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
)" + values() +
         keys(extent::service, services) + ".SH KEYS OF THE PROGRAM\n" +
         keys(extent::program, services) +
         R"(.SH SEE ALSO
.BR samjoko (1)
)";
}

}  // namespace

std::string manual_page(std::string_view section, const std::string& program,
                        const std::vector<service_entry>& services, bool own) {
  if (section == "1") return commands_page(program, services, own);
  if (section == "markdown") return markdown_page(program, services, own);
  return section == "5" ? configuration_page(services) : "";
}

}  // namespace samjoko::cli
