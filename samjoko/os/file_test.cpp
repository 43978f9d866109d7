#include <samjoko/os/directory.hpp>
#include <samjoko/os/file.hpp>

#include <gtest/gtest.h>
#include <samjoko/os/open_beneath.hpp>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>

namespace samjoko::os {
namespace {

namespace fs = std::filesystem;

class open_below : public testing::Test {
 protected:
  open_below() {
    std::string name = fs::temp_directory_path() / "samjoko-file-XXXXXX";
    base_ = ::mkdtemp(name.data());
    fs::create_directories(base_ / "root" / "sub");
    std::ofstream(base_ / "secret") << "secret";
    std::ofstream(base_ / "root" / "file") << "inside";
    fs::create_symlink("../file", base_ / "root" / "sub" / "in");
    fs::create_symlink(base_ / "root" / "file", base_ / "root" / "absolute");
    fs::create_symlink("../secret", base_ / "root" / "out");
    fs::create_symlink(base_, base_ / "root" / "up");
    fs::create_symlink(base_ / "root" / "sub", base_ / "root" / "directory");
    root_ = *open_directory(base_ / "root");
  }
  ~open_below() override { fs::remove_all(base_); }

  using opener = result<descriptor> (*)(int, const char*);
  std::string read(opener open, const char* path) {
    const auto file = open(root_.get(), path);
    if (!file) return "error " + std::to_string(file.error().code());
    std::array<std::byte, 16> room{};
    const auto size = read_at(file->get(), room, 0);
    if (!size) return "unreadable " + std::to_string(size.error().code());
    return std::string(as_text({room.data(), *size}));
  }

  fs::path base_;
  descriptor root_;
};

TEST_F(open_below, both_ways_follow_what_stays_and_refuse_what_leaves) {
  const auto error = [](int code) { return "error " + std::to_string(code); };
  for (const auto open : {open_beneath, open_beneath_by_steps}) {
    for (const auto* path : {"file", "sub/in", "absolute", "directory/in"}) {
      EXPECT_EQ(read(open, path), "inside") << path;
    }
    for (const auto* path : {"out", "up/secret", "up"}) {
      EXPECT_EQ(read(open, path), error(EXDEV)) << path;
    }
    EXPECT_EQ(read(open, "none"), error(ENOENT));
    EXPECT_EQ(read(open, "file/x"), error(ENOTDIR));
    EXPECT_EQ(read(open, "sub"), "unreadable " + std::to_string(EISDIR));
    EXPECT_EQ(read(open, "."), "unreadable " + std::to_string(EISDIR));
  }
}

TEST_F(open_below, facts_change_when_a_file_does) {
  const auto before = facts_at(root_.get(), "file");
  ASSERT_TRUE(before);
  EXPECT_EQ(before->size, 6U);
  EXPECT_EQ(before->kind, file_kind::regular);
  EXPECT_TRUE(*facts_at(root_.get(), "absolute") == *before);
  fs::permissions(base_ / "root" / "file", fs::perms::owner_read);
  EXPECT_FALSE(*facts_at(root_.get(), "file") == *before);
  EXPECT_EQ(facts_at(root_.get(), "sub")->kind, file_kind::directory);
}

TEST_F(open_below, the_names_of_a_directory_are_told_until_somebody_has_enough) {
  fs::create_symlink("none", base_ / "root" / "dangling");
  std::map<std::string, entry_kind> all;
  const auto take = [&](std::string_view name, entry_kind kind) {
    all.emplace(name, kind);
    return true;
  };
  ASSERT_TRUE(read_directory(root_.get(), take));
  EXPECT_EQ(all.at("dangling"), entry_kind::link);
  const auto count = all.size();
  all.clear();
  ASSERT_TRUE(read_directory(root_.get(), take));
  EXPECT_EQ(all.size(), count) << "the descriptor was not moved";
  int seen = 0;
  ASSERT_TRUE(read_directory(root_.get(), [&](auto, auto) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
  EXPECT_TRUE(facts_of_entry(root_.get(), "dangling").error().is(ELOOP));
  EXPECT_TRUE(facts_of_entry(root_.get(), "none").error().is(ENOENT));
}

class whole_file : public testing::Test {
 protected:
  whole_file() {
    std::string name = fs::temp_directory_path() / "samjoko-whole-XXXXXX";
    base_ = ::mkdtemp(name.data());
  }
  ~whole_file() override { fs::remove_all(base_); }
  fs::path base_;
};

TEST_F(whole_file, is_read_up_to_its_limit) {
  const auto path = base_ / "file";
  for (const std::size_t size : {0U, 1U, 4095U, 4096U, 4097U, 10'000U}) {
    std::ofstream(path) << std::string(size, 'x');
    const auto text = read_whole_file(path, 10'000);
    ASSERT_TRUE(text) << text.error().sentence();
    EXPECT_EQ(*text, std::string(size, 'x'));
  }
  const auto short_limit = read_whole_file(path, 9'999);
  ASSERT_FALSE(short_limit);
  EXPECT_TRUE(short_limit.error().is(condition::too_long));
}

TEST_F(whole_file, of_unknown_size_is_read_all_the_same) {
  const auto text = read_whole_file("/proc/self/status", 1 << 20);
  ASSERT_TRUE(text);
  EXPECT_TRUE(text->starts_with("Name:")) << *text;
}

TEST_F(whole_file, is_a_regular_one) {
  EXPECT_TRUE(read_whole_file(base_ / "none", 10).error().is(ENOENT));
  EXPECT_TRUE(read_whole_file(base_, 10).error().is(EISDIR));
  EXPECT_TRUE(read_whole_file("/dev/zero", 10).error().is(condition::bad_argument));
}

}  // namespace
}  // namespace samjoko::os
