#pragma once
// Charter: the table of options as it is printed: by headings, with the notes that go with the
// options, and without those that no service of the program has.

#include <samjoko/cli/option.hpp>
#include <span>
#include <string_view>
#include <vector>

namespace samjoko::cli {

struct option_section {
  std::string_view heading;
  std::vector<const option*> rows;
  std::vector<std::string_view> notes;  ///< words between ` are what is typed or printed
};
[[nodiscard]] std::vector<option_section> option_sections(
    const std::vector<service_entry>& services);

/// What is to be known of an option besides its row, or of several that go together.
struct option_note {
  std::string_view about;  ///< the option whose section it is in, and without which it is left out
  std::string_view text;
};
[[nodiscard]] std::span<const option_note> option_notes();

}  // namespace samjoko::cli
