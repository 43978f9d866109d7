#include <samjoko/postmortem/call_text.hpp>

#include <gtest/gtest.h>

namespace samjoko::postmortem {
namespace {

TEST(call_text, a_call_is_taken_apart) {
  const auto parts = parts_of("guilty(int)+0x1f at my server.cpp:12 (/usr/bin/server+0x41f)");
  EXPECT_EQ(parts.function, "guilty(int)+0x1f");
  EXPECT_EQ(parts.source, "my server.cpp:12");
  EXPECT_EQ(parts.module, "/usr/bin/server+0x41f");
  EXPECT_EQ(parts_of("0x4711 ([vdso]+0x11)").module, "[vdso]+0x11");
  EXPECT_EQ(parts_of("main+0x2").function, "main+0x2");
  EXPECT_EQ(parts_of("").function, "");
}

TEST(call_text, templates_and_the_standard_library_are_short) {
  EXPECT_EQ(shortened("shop::find(std::__cxx11::basic_string<char, std::char_traits<char>, "
                      "std::allocator<char> > const&)"),
            "shop::find(std::string const&)");
  EXPECT_EQ(shortened("void walk<std::vector<int, std::allocator<int> > >(int)"),
            "void walk<…>(int)");
  EXPECT_EQ(shortened("name[abi:cxx11]() [clone .isra.0]"), "name()");
}

TEST(call_text, the_signs_of_operators_are_no_brackets) {
  EXPECT_EQ(shortened("bool a::operator< <int>(int)"), "bool a::operator< <…>(int)");
  EXPECT_EQ(shortened("a::operator<<(b<int>)"), "a::operator<<(b<…>)");
  EXPECT_EQ(shortened("a<int>::operator->()"), "a<…>::operator->()");
  EXPECT_EQ(shortened("f<(x)1>::operator()(int) const"), "f<…>::operator()(int) const");
}

TEST(call_text, what_is_no_name_does_no_harm) {
  for (const auto* text :
       {"<", ">", "<<<", ">>>", "operator", "operator<", "(", ")", "+0x", " at "})
    EXPECT_LE(shortened(text).size() + call_in_short(text).size(), 40U) << text;
}

TEST(call_text, in_short_the_line_or_the_module_is_said) {
  EXPECT_EQ(call_in_short("guilty(int)+0x1f at s.cpp:12 (/usr/bin/server+0x41f)"),
            "guilty(int) at s.cpp:12");
  EXPECT_EQ(call_in_short("guilty(int)+0x1f (/usr/bin/server+0x41f)"),
            "guilty(int) (/usr/bin/server+0x41f)");
  EXPECT_EQ(call_in_short("0x4711 (/usr/bin/server+0x41f)"), "0x4711 (/usr/bin/server+0x41f)");
}

TEST(call_text, whose_call_it_is) {
  EXPECT_TRUE(is_users_own("guilty(int)+0x1f (/usr/bin/server+0x41f)"));
  EXPECT_TRUE(is_users_own("void shop::sell<int>(std::vector<int>)+0x1"));
  EXPECT_TRUE(is_users_own("(anonymous namespace)::guilty()+0x1"));
  EXPECT_TRUE(is_users_own("main::{lambda(int)#1}::operator()(int) const+0x1"));
  for (const auto* call :
       {"abort+0x12b (/usr/lib/x86_64-linux-gnu/libc.so.6+0x2600b)", "abort+0x12b",
        "void std::__invoke_impl<void, shop::sell>(shop::sell)+0x1", "__libc_start_main+0x1",
        "samjoko::serve::session::go()+0x2", "samjoko::task<void> samjoko::f<int>()+0x1",
        "samjoko::serve::(anonymous namespace)::shared_loop::accept(int) (.resume)+0x1",
        "samjoko::serve::session::go() [clone .cold]+0x1", "0x7f00 (/usr/bin/server+0x1)",
        "qsort+0x1 (/lib/x86_64-linux-gnu/libc.so.6+0x1)"})
    EXPECT_FALSE(is_users_own(call)) << call;
}

TEST(call_text, the_innermost_of_the_users_own) {
  EXPECT_EQ(own_calls("abort+0x1\nstd::terminate()+0x1\na()+0x1\nsamjoko::x()+0x1\nb()+0x1\n"
                      "c()+0x1\nd()+0x1",
                      3),
            (std::vector<std::string_view>{"a()+0x1", "b()+0x1", "c()+0x1"}));
  EXPECT_EQ(own_calls("samjoko::x()+0x1\nsamjoko::y()+0x1\nmain+0x1", 2),
            (std::vector<std::string_view>{"samjoko::x()+0x1", "samjoko::y()+0x1"}))
      << "a service of the library: its calls are told";
  EXPECT_TRUE(own_calls("", 3).empty());
}

}  // namespace
}  // namespace samjoko::postmortem
