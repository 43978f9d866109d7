// docs/supervisor.md shows the table as a diagram and as rows, which are made from the table. After
// a change of it run SAMJOKO_UPDATE_DOCS=1 build/dev/supervise_test --gtest_filter='plan_docs*'.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <samjoko/supervise/plan_table.hpp>

namespace samjoko::supervise {
namespace {

namespace fs = std::filesystem;

/// The page is above the folder of this program, wherever that is built.
fs::path page() {
  for (auto folder = fs::read_symlink("/proc/self/exe"); folder.has_relative_path();
       folder = folder.parent_path()) {
    const auto found = folder.parent_path() / "docs/supervisor.md";
    if (fs::exists(found)) return found;
  }
  return {};
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Replaces the text between the page's marks of that name; empty with a failure when they are
/// missing.
std::string replaced(const std::string& text, const std::string& name, const std::string& made) {
  const auto begin = fmt::format("<!-- made from the table: {} -->\n", name);
  const auto from = text.find(begin);
  const auto to = text.find("<!-- end -->", from);
  if (from == std::string::npos || to == std::string::npos) {
    ADD_FAILURE() << "the page has no place for the " << name;
    return text;
  }
  return text.substr(0, from + begin.size()) + made + text.substr(to);
}

TEST(plan_docs, show_the_table_as_it_is) {
  const auto path = page();
  ASSERT_FALSE(path.empty()) << "docs/supervisor.md is not above this program";
  const auto is = text_of(path);
  auto wanted = replaced(is, "diagram", "```mermaid\n" + transitions_as_diagram() + "```\n");
  wanted = replaced(wanted, "rows", transitions_as_markdown());
  if (std::getenv("SAMJOKO_UPDATE_DOCS") != nullptr) std::ofstream(path) << wanted;
  EXPECT_EQ(is, wanted) << "the page is stale; SAMJOKO_UPDATE_DOCS=1 makes it anew";
}

}  // namespace
}  // namespace samjoko::supervise
