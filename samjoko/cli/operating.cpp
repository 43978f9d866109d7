#include <samjoko/cli/operating.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <samjoko/cli/control_place.hpp>
#include <samjoko/cli/units.hpp>
#include <samjoko/cli/version.hpp>
#include <samjoko/log/writer.hpp>
#include <samjoko/operate/runtime_folder.hpp>
#include <samjoko/os/address.hpp>
#include <samjoko/os/file.hpp>
#include <samjoko/os/handed_descriptors.hpp>
#include <samjoko/os/output.hpp>
#include <samjoko/os/socket.hpp>
#include <span>
#include <utility>

namespace samjoko::cli {
namespace {

constexpr os::listen_options for_control{.backlog = 64, .unix_mode = 0600, .unix_owner = {}};

result<std::string> one_of(std::string_view text, std::span<const std::string_view> all,
                           std::string_view what) {
  if (std::ranges::find(all, text) != all.end()) return std::string(text);
  return failure(condition::bad_argument, "option",
                 fmt::format("there is no {} '{}' (write {})", what, text, fmt::join(all, ", ")));
}

bool standard_error_is_the_journal() {
  const char* journal = ::getenv("JOURNAL_STREAM");
  if (journal == nullptr) return false;
  const auto own = os::facts_of(os::standard_error);
  return own && fmt::format("{}:{}", own->device, own->number) == journal;
}

}  // namespace

result<std::string> parse_log_file(std::string_view text) {
  return text == "-" ? std::string() : parse_text(text);
}

result<std::string> parse_log_format(std::string_view text) {
  constexpr std::array<std::string_view, 4> all{"auto", "text", "json", "journald"};
  return one_of(text, all, "log format");
}

result<std::string> parse_when_failed(std::string_view text) {
  constexpr std::array<std::string_view, 2> all{"leave", "stay"};
  return one_of(text, all, "way to fail");
}

log::format format_for(const operating_options& options, bool to_standard_error) {
  if (options.log_format == "json") return log::format::json;
  if (options.log_format == "journald") return log::format::journald;
  const bool chosen = options.log_format == "text";
  return !chosen && to_standard_error && standard_error_is_the_journal() ? log::format::journald
                                                                         : log::format::text;
}

result<void> operation::begin(const operating_options& options) {
  os::keep_handed_from_children();
  auto manager = operate::meet_service_manager();
  if (manager) {
    manager_ = std::move(*manager);
  } else {
    log::warning("notify", "the service manager is not told of anything: {}",
                 manager.error().sentence());
  }
  if (!options.pid_file.empty()) {
    auto claimed = operate::pid_file::claim(options.pid_file);
    if (!claimed) return failure_of(claimed);
    pid_file_ = std::move(*claimed);
  }
  if (options.control == "none") return {};
  if (!options.control.empty()) return open_control(options);
  open_usual_control();
  return {};
}

result<void> operation::open_control(const operating_options& options) {
  auto where = os::address::parse("unix:" + options.control);
  if (!where) return failure_of(where);
  auto opened = os::listen_on(*where, for_control, &control_file_);
  if (!opened) return failure_of(opened);
  control_ = std::move(*opened);
  return {};
}

void operation::open_usual_control() {
  const auto path = usual_control_path();
  auto opened = path ? open_control({.control = *path, .pid_file = {}})
                     : result<void>(std::unexpected(path.error()));
  if (opened) return;
  log::warning(log::every("control"),
               "no control socket, so that status and the like cannot ask: {} (name another "
               "place by --control PATH, or say --control none)",
               opened.error().sentence());
}

operate::settings operation::give(operate::settings to) {
  to.program = operate::program_file_name();
  to.version = version_text;
  to.control = std::move(control_);
  to.manager = std::move(manager_);
  to.when_ready = [this] {
    if (auto published = pid_file_.publish(); !published)
      log::error(log::every("pid file"), "{}", published.error().sentence());
  };
  return to;
}

}  // namespace samjoko::cli
