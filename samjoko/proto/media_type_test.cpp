#include <samjoko/proto/media_type.hpp>

#include <gtest/gtest.h>

namespace samjoko::proto {
namespace {

TEST(media_type, by_extension) {
  EXPECT_EQ(media_type("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(media_type("/a.d/STYLE.CSS"), "text/css; charset=utf-8");
  EXPECT_EQ(media_type("/app.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(media_type("/a.json"), "application/json");
  EXPECT_EQ(media_type("/a.svg"), "image/svg+xml");
  EXPECT_EQ(media_type("/a.wasm"), "application/wasm");
  EXPECT_EQ(media_type("/a.7z"), "application/x-7z-compressed");
  EXPECT_EQ(media_type("/a.zst"), "application/zstd");
  EXPECT_EQ(media_type("/a.tar.gz"), "application/gzip");
  EXPECT_EQ(media_type("/.hidden.txt"), "text/plain; charset=utf-8");
}

TEST(media_type, unknown) {
  for (const std::string_view path :
       {"", "/", "README", "/a.html/", "/a.html/b", "a.", ".html", "/.txt", "a.unknown", "a.ht",
        "a.an_extension_longer_than_any", "a.html "}) {
    EXPECT_EQ(media_type(path), default_media_type) << path;
  }
}

}  // namespace
}  // namespace samjoko::proto
