#include <samjoko/cli/option_sections.hpp>

namespace samjoko::cli {

std::vector<option_section> option_sections(const std::vector<service_entry>& services) {
  std::vector<option_section> made;
  for (const auto& each : all_options()) {
    if (!can_concern_any(each, services)) continue;
    if (made.empty() || made.back().heading != each.heading)
      made.push_back({.heading = each.heading, .rows = {}, .notes = {}});
    made.back().rows.push_back(&each);
  }
  for (auto& section : made) {
    for (const auto& note : option_notes()) {
      for (const auto* row : section.rows)
        if (row->name == note.about) section.notes.push_back(note.text);
    }
  }
  return made;
}

}  // namespace samjoko::cli
