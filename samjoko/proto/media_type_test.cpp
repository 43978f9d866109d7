#include <samjoko/proto/media_type.hpp>

#include <gtest/gtest.h>

namespace samjoko::proto {
namespace {

TEST(media_type, by_extension) {
  EXPECT_EQ(media_type("index.html"), "text/html");
  EXPECT_EQ(media_type("/a.d/STYLE.CSS"), "text/css");
  EXPECT_EQ(media_type("/app.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(media_type("/a.json"), "application/json");
  EXPECT_EQ(media_type("/a.svg"), "image/svg+xml");
  EXPECT_EQ(media_type("/a.wasm"), "application/wasm");
  EXPECT_EQ(media_type("/a.7z"), "application/x-7z-compressed");
  EXPECT_EQ(media_type("/a.zst"), "application/zstd");
  EXPECT_EQ(media_type("/a.tar.gz"), "application/gzip");
  EXPECT_EQ(media_type("/.hidden.txt"), "text/plain; charset=utf-8");
}

TEST(media_type, of_todays_files) {
  for (const auto& [name, type] : std::initializer_list<std::pair<const char*, const char*>>{
           {"a.m4s", "video/iso.segment"},
           {"a.ts", "video/mp2t"},
           {"a.mjs", "text/javascript; charset=utf-8"},
           {"a.cjs", "text/javascript; charset=utf-8"},
           {"a.csv", "text/csv; charset=utf-8"},
           {"a.rs", "text/plain; charset=utf-8"},
           {"a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
           {"a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
           {"a.pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
           {"a.heic", "image/heic"},
           {"a.jxl", "image/jxl"},
           {"a.avif", "image/avif"},
           {"a.geojson", "application/geo+json"},
           {"a.glb", "model/gltf-binary"},
           {"a.tgz", "application/gzip"},
           {"a.webmanifest", "application/manifest+json"}}) {
    EXPECT_EQ(media_type(name), type) << name;
  }
}

TEST(media_type, a_file_fills_gaps_and_changes_nothing) {
  const media_types types(
      "# text/x-comment  nota\n"
      "text/vnd.trolltech.linguist\tts xq\r\n"
      "application/x-q   Qq  q2 # q3\n"
      "application/x-other qq\n"
      "no_type zz\n a/b/c zz\n<b>/x zz\n"
      "text/html  htx\n"
      "application/x-long an_extension_longer_than_any\n"
      "application/x-empty\n\n"
      "application/x-last last");
  EXPECT_EQ(types.of("a.ts"), "video/mp2t");
  EXPECT_EQ(types.of("a.XQ"), "text/vnd.trolltech.linguist; charset=utf-8");
  EXPECT_EQ(types.of("a.qq"), "application/x-q");
  EXPECT_EQ(types.of("a.q2"), "application/x-q");
  EXPECT_EQ(types.of("a.htx"), "text/html");
  EXPECT_EQ(types.of("a.last"), "application/x-last");
  for (const auto* name : {"a.q3", "a.zz", "a.nota", "a", "a.an_extension_longer_than_any"}) {
    EXPECT_EQ(types.of(name), default_media_type) << name;
  }
  EXPECT_EQ(media_types().of("a.html"), "text/html");
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
