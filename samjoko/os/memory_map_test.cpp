#include <samjoko/os/memory_map.hpp>

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace samjoko::os {
namespace {

constexpr std::string_view sample =
    "555500000000-555500001000 r--p 00000000 fe:00 41 /opt/my server\n"
    "555500001000-555500005000 r-xp 00001000 fe:00 41 /opt/my server\n"
    "7f0000000000-7f0000001000 r--p 00000000 fe:00 99     /usr/lib/libc.so.6 (deleted)\n"
    "7f0000001000-7f0000009000 r-xp 00001000 fe:00 99     /usr/lib/libc.so.6 (deleted)\n"
    "7fff00000000-7fff00002000 r-xp 00000000 00:00 0      [vdso]\n";

TEST(memory_map, is_taken_apart) {
  const auto found = parse_maps(sample);
  ASSERT_EQ(found.size(), 5U);
  EXPECT_EQ(found[1].start, 0x555500001000U);
  EXPECT_EQ(found[1].end, 0x555500005000U);
  EXPECT_EQ(found[1].offset, 0x1000U);
  EXPECT_EQ(found[1].inode, 41U);
  EXPECT_TRUE(found[1].executable);
  EXPECT_FALSE(found[0].executable);
  EXPECT_EQ(found[0].path, "/opt/my server");
  EXPECT_FALSE(found[0].deleted);
  EXPECT_EQ(found[2].path, "/usr/lib/libc.so.6");
  EXPECT_TRUE(found[2].deleted);
  EXPECT_EQ(found[4].path, "[vdso]");
}

TEST(memory_map, neighbours_of_one_file_are_one_module) {
  const auto modules = modules_of(parse_maps(sample));
  ASSERT_EQ(modules.size(), 3U);
  EXPECT_EQ(modules[0].base, 0x555500000000U);
  EXPECT_EQ(modules[0].parts.size(), 2U);
  EXPECT_TRUE(modules[0].contains(0x555500004fffU));
  EXPECT_FALSE(modules[0].contains(0x555500005000U));
  EXPECT_EQ(modules[1].first().inode, 99U);
}

TEST(memory_map, the_same_file_mapped_twice_is_two_modules) {
  const auto modules = modules_of(
      parse_maps("1000-2000 r-xp 00000000 fe:00 7 /a.so\n3000-4000 r-xp 00000000 fe:00 7 /a.so\n"));
  EXPECT_EQ(modules.size(), 2U);
}

TEST(memory_map, what_has_another_form_is_left_out) {
  EXPECT_TRUE(parse_maps("").empty());
  EXPECT_TRUE(parse_maps("\n\n").empty());
  EXPECT_TRUE(parse_maps("rubbish").empty());
  EXPECT_TRUE(parse_maps("2000-1000 r-xp 0 fe:00 7 /backwards\n").empty());
  EXPECT_TRUE(parse_maps("1000-2000 r-xpp 0 fe:00 7 /rights\n").empty());
  EXPECT_TRUE(parse_maps("1000-2000 r-xp g fe:00 7 /offset\n").empty());
  EXPECT_EQ(parse_maps("1000-2000 r-xp 0 fe:00 7 /good\nbad\n2000-3000 r--p 0 0 0\n").size(), 2U);
}

TEST(memory_map, no_text_of_whatever_shape_does_harm) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string text(sample);
    for (int change = 0; change < 20; ++change)
      text[random() % text.size()] = static_cast<char>(random());
    text.resize(random() % text.size());
    const auto found = parse_maps(text, 4);
    EXPECT_LE(found.size(), 4U);
    for (const auto& each : modules_of(found)) EXPECT_FALSE(each.parts.empty());
  }
}

TEST(memory_map, ours_has_this_program_and_the_c_library) {
  const auto text = own_maps();
  EXPECT_EQ(text.find("[heap]"), std::string::npos);
  bool here = false;
  for (const auto& each : parse_maps(text)) {
    const auto address = reinterpret_cast<std::uint64_t>(&own_maps);
    here = here || (each.executable && address >= each.start && address < each.end);
  }
  EXPECT_TRUE(here) << text;
}

}  // namespace
}  // namespace samjoko::os
