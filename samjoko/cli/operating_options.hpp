#pragma once
// Charter: the options by which the running program is seen and steered. Pure data.

#include <string>

namespace samjoko::cli {

struct operating_options {
  std::string control;              ///< a path; "none"; empty: in the usual place
  std::string pid_file;             ///< empty: none
  std::string log_format = "auto";  ///< auto, text, json or journald
  std::string when_failed = "leave";
};

}  // namespace samjoko::cli
