// Every way to die in every way to link a program: the stack names the guilty function, from
// another process, when its own is gone.
#include <csignal>
#include <samjoko/base/check.hpp>
#include <samjoko/postmortem/testing/crash_bed.hpp>

namespace samjoko::postmortem {
namespace {

struct expectation {
  std::string_view way;
  int signal;
  std::string_view guilty;
  std::string_view message = {};
  bool reaches_main = true;
  bool overflow = false;
};

constexpr expectation expectations[] = {
    {"null_write", SIGSEGV, "guilty_of_null_write"},
    {"null_call", SIGSEGV, "guilty_of_null_call"},
    {"calling_data", SIGSEGV, "guilty_of_calling_data"},
    {"abort", SIGABRT, "guilty_of_abort"},
    {"exception", SIGABRT, "guilty_of_throwing",
     "uncaught exception std::runtime_error: no bread today"},
    {"number_thrown", SIGABRT, "guilty_of_throwing_a_number", "uncaught exception int"},
    {"exception_in_a_thread", SIGABRT, "guilty_of_throwing",
     "uncaught exception std::runtime_error: no bread today", false},
    {"check", SIGABRT, "guilty_of_check", "CHECK failed: it was meant to fail"},
    {"assertion", SIGABRT, "guilty_of_assertion", "Assertion `say_to == -12345' failed"},
    {"overflow", SIGSEGV, "guilty_of_overflow", "", false, true},
    {"wide_overflow", SIGSEGV, "guilty_of_wide_overflow", "", false, true},
    {"overflow_in_a_thread", SIGSEGV, "guilty_of_overflow", "", false, true},
    {"wide_overflow_in_a_thread", SIGSEGV, "guilty_of_wide_overflow", "", false, true},
    {"division", SIGFPE, "guilty_of_division"},
    {"bus", SIGBUS, "guilty_of_bus"},
    {"illegal", SIGILL, "guilty_of_illegal_instruction"},
    {"breakpoint", SIGTRAP, "guilty_of_breakpoint"},
    {"forbidden_call", SIGSYS, "guilty_of_forbidden_call"},
    {"pure_call", SIGABRT, "guilty_of_pure_call", "std::terminate() without an exception"},
    {"free", SIGABRT, "guilty_of_free", "free(): invalid"},
    {"smashing", SIGABRT, "guilty_of_smashing", "stack smashing detected", false},
    {"in_a_handler", SIGSEGV, "guilty_in_a_handler"},
    {"called_back", SIGSEGV, "guilty_of_null_write"},
    {"in_a_library", SIGSEGV, "victims::crash_inside"},
};

class stack_of : public ::testing::TestWithParam<std::tuple<std::string, std::size_t>> {
 protected:
  const std::string& build() const { return std::get<0>(GetParam()); }
  /// GCC refers weakly to the function that a pure call ends in, so a static program lacks it: the
  /// call is a call through null there.
  expectation wanted() const {
    auto found = expectations[std::get<1>(GetParam())];
    if (found.way == "pure_call" && build().starts_with("static")) {
      found.signal = SIGSEGV;
      found.message = {};
    }
    return found;
  }
};

TEST_P(stack_of, names_the_guilty_function) {
  if (!can_unwind()) GTEST_SKIP() << "built without libdw";
  if (address_sanitizer && wanted().way == "free") GTEST_SKIP() << "the sanitizer's own report";
  victim dead(build(), std::string(wanted().way));
  const int status = dead.wait();
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), wanted().signal);
  const auto* const found = dead.last();
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->signal, wanted().signal);
  const auto calls = unwind(*found);
  SCOPED_TRACE(text_of(calls));
  EXPECT_GE(depth_of(calls, wanted().guilty), 0);
  if (wanted().reaches_main) {
    EXPECT_GE(depth_of(calls, "main"), 0);
  }
  EXPECT_EQ(calls.stack_overflow, wanted().overflow);
  EXPECT_NE(message_of(*found).find(wanted().message), std::string_view::npos)
      << message_of(*found);
  if (wanted().message.empty()) {
    EXPECT_EQ(message_of(*found), "");
  }
}

INSTANTIATE_TEST_SUITE_P(deaths, stack_of,
                         ::testing::Combine(::testing::ValuesIn(victim_builds()),
                                            ::testing::Range(std::size_t{0},
                                                             std::size(expectations))),
                         [](const auto& from) {
                           return std::get<0>(from.param) + "_" +
                                  std::string(expectations[std::get<1>(from.param)].way);
                         });

TEST(stack_of_one, begins_with_the_address_that_was_called_and_names_its_caller) {
  victim dead("pie", "null_call");
  dead.wait();
  ASSERT_NE(dead.last(), nullptr);
  const auto calls = unwind(*dead.last());
  ASSERT_GE(calls.frames.size(), 3U) << text_of(calls);
  EXPECT_EQ(calls.frames[0].address, 0U);
  EXPECT_EQ(depth_of(calls, "guilty_of_null_call"), 1) << text_of(calls);
}

TEST(stack_of_one, goes_through_a_library_without_symbols_and_tells_where_in_it) {
  victim dead("pie", "in_a_library");
  dead.wait();
  ASSERT_NE(dead.last(), nullptr);
  const auto calls = unwind(*dead.last());
  ASSERT_GE(calls.frames.size(), 6U) << text_of(calls);
  const auto& innermost = calls.frames[0];
  EXPECT_EQ(innermost.function, "") << text_of(calls);
  EXPECT_TRUE(innermost.module.ends_with("libvictim_library.so")) << text_of(calls);
  EXPECT_GT(innermost.module_offset, 0U);
  EXPECT_GT(depth_of(calls, "main"), 4) << text_of(calls);
}

TEST(stack_of_one, shows_the_line_where_there_is_debug_information) {
#if defined(__clang__)
  GTEST_SKIP() << "clang writes no .debug_aranges, without which libdw 0.188 finds no line";
#endif
  victim dead("pie", "null_write");
  dead.wait();
  ASSERT_NE(dead.last(), nullptr);
  const auto calls = unwind(*dead.last());
  ASSERT_FALSE(calls.frames.empty());
  EXPECT_TRUE(calls.frames[0].source.ends_with("faults.cpp")) << text_of(calls);
  EXPECT_GT(calls.frames[0].line, 0);
}

TEST(stack_of_one, ends_at_the_outermost_call_without_a_remark) {
  victim dead(quickest_build(), "abort");
  dead.wait();
  ASSERT_NE(dead.last(), nullptr);
  const auto calls = unwind(*dead.last());
  EXPECT_EQ(calls.remark, "") << text_of(calls);
  EXPECT_EQ(calls.frames.back().function, "_start") << text_of(calls);
}

}  // namespace
}  // namespace samjoko::postmortem
