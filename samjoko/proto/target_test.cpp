#include <samjoko/proto/target.hpp>

#include <gtest/gtest.h>

#include <string>

namespace samjoko::proto {
namespace {

/// The path, or the status of its refusal.
std::string decoded(std::string_view path) {
  std::string room(path.size() + 2, '#');
  const auto result = decode_path(path, std::span<char>(room).first(path.size() + 1));
  EXPECT_EQ(room.back(), '#') << path;
  return result ? std::string(*result) : std::to_string(result.error().status);
}

TEST(split_resource, at_the_first_question_mark) {
  EXPECT_EQ(split_resource("/a?b?c").path, "/a");
  EXPECT_EQ(split_resource("/a?b?c").query, "b?c");
  EXPECT_EQ(split_resource("?b").path, "");
  EXPECT_TRUE(split_resource("/a?").has_query);
  EXPECT_FALSE(split_resource("/a").has_query);
}

TEST(decode_path, decodes_once) {
  EXPECT_EQ(decoded(""), "/");
  EXPECT_EQ(decoded("/"), "/");
  EXPECT_EQ(decoded("/a%20b"), "/a b");
  EXPECT_EQ(decoded("/%ed%95%9C"), "/\xed\x95\x9c");
  EXPECT_EQ(decoded("/a+b"), "/a+b");
  EXPECT_EQ(decoded("/%2541"), "/%41");
  EXPECT_EQ(decoded("/a%0ab%ff"), "/a\nb\xff");
  EXPECT_EQ(decoded("/%3f%23"), "/?#");
}

TEST(decode_path, removes_dot_segments_and_empty_ones) {
  EXPECT_EQ(decoded("/a/b"), "/a/b");
  EXPECT_EQ(decoded("/a/"), "/a/");
  EXPECT_EQ(decoded("//a///b//"), "/a/b/");
  EXPECT_EQ(decoded("/./a/./b/."), "/a/b/");
  EXPECT_EQ(decoded("/a/.."), "/");
  EXPECT_EQ(decoded("/a/../"), "/");
  EXPECT_EQ(decoded("/a/b/../c"), "/a/c");
  EXPECT_EQ(decoded("/a/b/../.."), "/");
  EXPECT_EQ(decoded("/a//../b"), "/b");
  EXPECT_EQ(decoded("/.a/..b/...//c."), "/.a/..b/.../c.");
  EXPECT_EQ(decoded("/a/%2e%2E/b"), "/b");
  EXPECT_EQ(decoded("/a%2f..%2fb"), "/b");
  EXPECT_EQ(decoded("/a/%2e"), "/a/");
}

TEST(decode_path, never_leaves_the_root) {
  for (const std::string_view path :
       {"/..", "/../", "/../a", "/a/../..", "/a/../../b", "/%2e%2e/a", "/..%2fa", "/.%2e/", "//..",
        "/./..", "/a/./../../etc/passwd", "/%2f..%2f"}) {
    EXPECT_EQ(decoded(path), "400") << path;
  }
}

TEST(decode_path, refuses_what_is_not_encoded_well) {
  for (const std::string_view path :
       {"/%", "/%4", "/%4g", "/%g4", "/%%41", "/%u0041", "/%00", "/a%00.html", "*", "a", "%2fa"}) {
    EXPECT_EQ(decoded(path), "400") << path;
  }
}

TEST(decode_path, stays_in_its_room) {
  const std::string_view path = "/abc/de/";
  for (std::size_t size = 0; size <= path.size() + 1; ++size) {
    std::string room(size + 4, '#');
    const auto result = decode_path(path, std::span<char>(room).first(size));
    EXPECT_EQ(result.has_value(), size >= path.size()) << size;
    EXPECT_EQ(result ? 414 : result.error().status, 414);
    EXPECT_EQ(room.substr(size), "####");
  }
}

}  // namespace
}  // namespace samjoko::proto
