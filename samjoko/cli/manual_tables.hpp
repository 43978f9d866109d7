#pragma once
// Charter: what the program takes and answers besides its options, as data for help and the pages
// of the manual. Words between ` are what is typed or printed.

#include <span>
#include <string_view>

namespace samjoko::cli {

struct signal_row {
  std::string_view names;
  std::string_view effect;
};
/// What each signal does to the master.
[[nodiscard]] std::span<const signal_row> all_signals();
/// How a graceful stop goes, in sentences.
[[nodiscard]] std::string_view graceful_stop();

struct exit_code_row {
  int code;
  std::string_view when;
};
[[nodiscard]] std::span<const exit_code_row> all_exit_codes();

struct variable_row {
  std::string_view names;
  std::string_view set_by;
  std::string_view used_for;
};
/// Variables of the environment that are no option's.
[[nodiscard]] std::span<const variable_row> outside_variables();
/// How options are said in the environment, in sentences.
[[nodiscard]] std::string_view variables_of_options();

struct address_row {
  std::string_view forms;
  std::string_view meaning;
};
/// What an ADDRESS may be.
[[nodiscard]] std::span<const address_row> address_forms();
/// What a TIME and a SIZE may be, in sentences.
[[nodiscard]] std::string_view value_forms();

}  // namespace samjoko::cli
