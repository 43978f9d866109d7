#pragma once
// Charter: the options by which the running program is seen and controlled, and their files: the
// control socket, the pid file.

#include <samjoko/base/result.hpp>
#include <samjoko/cli/operating_options.hpp>
#include <samjoko/log/format.hpp>
#include <samjoko/operate/pid_file.hpp>
#include <samjoko/operate/settings.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/socket_file.hpp>
#include <string>
#include <string_view>

namespace samjoko::cli {

/// "-" is standard error; so is the empty text, which is returned for it.
[[nodiscard]] result<std::string> parse_log_file(std::string_view text);
[[nodiscard]] result<std::string> parse_log_format(std::string_view text);
[[nodiscard]] result<std::string> parse_when_failed(std::string_view text);

/// auto: journald when lines go to standard error and that is the journal itself, which systemd
/// proves by JOURNAL_STREAM, its device and inode (man 5 systemd.exec); text otherwise.
[[nodiscard]] log::format format_for(const operating_options& options, bool to_standard_error);

/// The control socket and the pid file, from the start until the program ends.
class operation {
 public:
  operation() = default;
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;
  /// The socket's file is removed with it. It must outlive the master.
  ~operation() = default;

  /// Opens what was asked for. A default that cannot be had is only a warning.
  [[nodiscard]] result<void> begin(const operating_options& options);
  /// Adds its own part. Call it once.
  [[nodiscard]] operate::settings give(operate::settings to);

 private:
  [[nodiscard]] result<void> open_control(const operating_options& options);
  void open_usual_control();

  os::descriptor control_;
  os::socket_file control_file_;
  operate::pid_file pid_file_;
  operate::service_manager manager_;
};

}  // namespace samjoko::cli
