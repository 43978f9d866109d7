#include <samjoko/web/directory_names.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace samjoko::web {
namespace {

namespace fs = std::filesystem;

class names : public testing::Test {
 protected:
  names() {
    std::string name = fs::temp_directory_path() / "samjoko-names-XXXXXX";
    base_ = ::mkdtemp(name.data());
    for (const auto* each : {"b", "a", ".hidden"}) std::ofstream(base_ / each) << "";
    fs::create_directory(base_ / "z");
    fs::create_symlink("z", base_ / "link");
    opened_ = std::move(*os::open_directory(base_));
  }
  ~names() override { fs::remove_all(base_); }

  fs::path base_;
  os::descriptor opened_;
};

TEST_F(names, are_sorted_with_directories_first) {
  const auto all = directory_names::read(opened_.get(), {});
  ASSERT_TRUE(all);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < all->size(); ++i) texts.emplace_back((*all)[i]);
  EXPECT_EQ(texts, (std::vector<std::string>{"z", "a", "b", "link"}));
}

TEST_F(names, above_a_limit_there_is_no_part_of_them) {
  EXPECT_TRUE(directory_names::read(opened_.get(), {.entries = 5}));
  EXPECT_TRUE(directory_names::read(opened_.get(), {.entries = 4}).error().is(condition::too_long));
  // "a", "b", "z", "link" and their ends; the hidden name is skipped.
  EXPECT_FALSE(directory_names::read(opened_.get(), {.bytes = 10}));
  EXPECT_TRUE(directory_names::read(opened_.get(), {.bytes = 20}));
}

}  // namespace
}  // namespace samjoko::web
