#pragma once
// Charter: options of how the running program is seen and steered, and what stands in the file
// system for it: the control socket, the pid file.

#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/log_form.hpp>
#include <samjoko/os/pid_file.hpp>
#include <samjoko/os/socket_file.hpp>
#include <samjoko/supervise/operating.hpp>
#include <string>
#include <string_view>

namespace samjoko::cli {

struct operating_options {
  std::string control;              ///< a path; "none"; empty: in the usual place
  std::string pid_file;             ///< empty: none
  std::string log_format = "auto";  ///< auto, text, json or journald
  std::string when_parked = "leave";
};

/// "-" is standard error, as is the empty text that is returned for it.
[[nodiscard]] result<std::string> parse_log_file(std::string_view text);
[[nodiscard]] result<std::string> parse_log_format(std::string_view text);
[[nodiscard]] result<std::string> parse_when_parked(std::string_view text);

/// auto: journald when lines go to standard error and that is the journal itself, which systemd
/// proves by JOURNAL_STREAM, its device and inode (man 5 systemd.exec); text otherwise.
[[nodiscard]] os::log_format format_for(const operating_options& options, bool to_standard_error);

/// The control socket and the pid file, from the start until the program ends.
class operation {
 public:
  operation() = default;
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;
  /// The socket's file goes with it. It must outlive the master.
  ~operation() = default;

  /// Opens what was asked for; what is there by default and cannot be had is only warned of.
  [[nodiscard]] result<void> begin(const operating_options& options);
  /// Hands the master its part. Once.
  void give(supervise::operating& to);

 private:
  [[nodiscard]] result<void> open_control(const operating_options& options);
  void open_usual_control();

  os::descriptor control_;
  os::socket_file control_file_;
  os::pid_file pid_file_;
  os::service_manager manager_;
};

}  // namespace samjoko::cli
