#include <samjoko/cli/manual.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <samjoko/cli/catalog.hpp>
#include <samjoko/cli/commands.hpp>
#include <samjoko/cli/manual_tables.hpp>
#include <samjoko/cli/option_sections.hpp>
#include <sstream>

namespace samjoko::cli {
namespace {

namespace fs = std::filesystem;

/// The page is above the folder of this program, wherever that is built.
fs::path reference() {
  for (auto folder = fs::read_symlink("/proc/self/exe"); folder.has_relative_path();
       folder = folder.parent_path()) {
    const auto found = folder.parent_path() / "docs/reference.md";
    if (fs::exists(found)) return found;
  }
  return {};
}

TEST(manual, the_reference_is_what_the_program_prints) {
  const auto path = reference();
  ASSERT_FALSE(path.empty()) << "docs/reference.md is not above this program";
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), manual_page("markdown", "samjoko", catalog(), false))
      << "the page is stale; ./dev build release && "
         "build/release/samjoko manual markdown > docs/reference.md makes it anew";
}

/// The words of a text that begin with two dashes, without those.
std::vector<std::string> options_in(std::string_view text) {
  std::vector<std::string> names;
  for (auto at = text.find("--"); at != std::string_view::npos; at = text.find("--", at)) {
    at += 2;
    std::string name;
    while (at < text.size() && (std::islower(text[at]) != 0 || text[at] == '-')) name += text[at++];
    if (!name.empty()) names.push_back(name);
  }
  return names;
}

TEST(manual, notes_speak_of_options_that_there_are) {
  for (const auto& note : option_notes()) {
    EXPECT_NE(find_option(note.about), nullptr) << note.about;
    for (const auto& name : options_in(note.text))
      EXPECT_NE(find_option(name), nullptr) << note.text;
  }
  for (const auto& name : options_in(graceful_stop()))
    EXPECT_NE(find_option(name), nullptr) << name;
}

TEST(manual, each_note_is_printed_once_where_its_option_is) {
  std::size_t printed = 0;
  for (const auto& section : option_sections(catalog())) printed += section.notes.size();
  EXPECT_EQ(printed, option_notes().size());
}

TEST(manual, code_marks_come_in_pairs) {
  const auto marks = [](std::string_view text) { return std::ranges::count(text, '`') % 2; };
  for (const auto& note : option_notes()) EXPECT_EQ(marks(note.text), 0) << note.text;
  for (const auto& each : all_exit_codes()) EXPECT_EQ(marks(each.when), 0) << each.when;
  for (const auto& each : outside_variables()) EXPECT_EQ(marks(each.used_for), 0) << each.used_for;
  for (const auto text : {graceful_stop(), variables_of_options(), value_forms()})
    EXPECT_EQ(marks(text), 0) << text;
}

TEST(manual, both_pages_have_every_row) {
  const auto page = manual_page("markdown", "samjoko", catalog(), false);
  const auto man = manual_page("1", "samjoko", catalog(), false);
  for (const auto& each : all_options())
    EXPECT_NE(page.find(fmt::format("--{}{}", each.name, is_switch(each) ? "` |" : " ")),
              std::string::npos)
        << each.name;
  for (const auto& each : all_commands())
    EXPECT_NE(page.find(fmt::format("| `{}", each.name)), std::string::npos) << each.name;
  for (const auto& each : all_signals()) {
    EXPECT_NE(page.find(fmt::format("| {} | {} |", each.names, each.effect)), std::string::npos);
    EXPECT_NE(man.find(fmt::format(".B {}\n", each.names)), std::string::npos) << each.names;
  }
  for (const auto& each : all_exit_codes()) {
    EXPECT_NE(page.find(fmt::format("| {} | ", each.code)), std::string::npos) << each.code;
    EXPECT_NE(man.find(fmt::format(".B {}\n", each.code)), std::string::npos) << each.code;
  }
}

TEST(manual, a_program_of_ones_own_has_pages_of_its_own) {
  const std::vector<service_entry> own{{.name = "mine", .usage = "", .summary = ""}};
  for (const auto* section : {"1", "markdown"}) {
    const auto page = manual_page(section, "mine", own, true);
    EXPECT_NE(page.find("idle"), std::string::npos);
    for (const auto* foreign : {"max\\-head", "max-head", "chat-rate", "chat\\-rate", "# Services",
                                "SH SERVICES", "without SERVICE"})
      EXPECT_EQ(page.find(foreign), std::string::npos) << section << " has " << foreign;
  }
  EXPECT_EQ(manual_page("1", "mine", own, true).find("samjoko.toml"), std::string::npos);
}

}  // namespace
}  // namespace samjoko::cli
