#include <samjoko/cli/former_names.hpp>

#include <algorithm>
#include <array>
#include <samjoko/cli/units.hpp>
#include <utility>

namespace samjoko::cli {
namespace {

/// Each with the version that renamed it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> renamed{{
    {"grown-after", "stable-after"},  // 0.2.0
    {"park-after", "fail-after"},     // 0.2.0
    {"park-window", "fail-window"},   // 0.2.0
    {"when-parked", "when-failed"},   // 0.2.0
    {"unpark", "reset-failed"},       // 0.2.0
}};

}  // namespace

std::string present_name(std::string_view word) {
  const bool is_option = word.starts_with("--");
  const auto name = is_option ? word.substr(2) : word;
  for (const auto& [former, present] : renamed) {
    if (name == former) return (is_option ? "--" : "") + std::string(present);
    if (name == variable_name(former)) return variable_name(present);
  }
  return {};
}

}  // namespace samjoko::cli
