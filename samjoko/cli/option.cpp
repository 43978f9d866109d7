#include <samjoko/cli/option.hpp>

#include <algorithm>
#include <cctype>
#include <samjoko/cli/units.hpp>

namespace samjoko::cli {

const std::vector<option>& all_options() {
  static const auto all = [] {
    auto groups = service_options();
    for (auto& each : program_options()) groups.push_back(std::move(each));
    std::vector<option> rows;
    for (auto& each : groups) {
      for (auto& row : each.rows) {
        row.heading = each.heading;
        rows.push_back(std::move(row));
      }
    }
    return rows;
  }();
  return all;
}

const option* find_option(std::string_view name) {
  const auto found = std::ranges::find(all_options(), name, &option::name);
  return found == all_options().end() ? nullptr : &*found;
}

std::string variable_of(const option& which) { return variable_name(which.name); }

std::string_view default_of(const option& which) {
  if (!which.standard_words.empty()) return which.standard_words;
  return is_switch(which) ? std::string_view() : which.standard;
}

}  // namespace samjoko::cli
