#include <samjoko/cli/environment.hpp>

#include <gtest/gtest.h>

namespace samjoko::cli {
namespace {

environment_said read(std::vector<std::string> variables) {
  std::vector<char*> pointers;
  for (auto& each : variables) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  return read_environment(pointers.data());
}

TEST(environment, speaks_by_the_names_of_options) {
  const auto made = read({"PATH=/bin", "SAMJOKO_IDLE_TIMEOUT=10s", "SAMJOKO_LIST=1"});
  EXPECT_TRUE(made.problems.empty());
  ASSERT_EQ(made.said.size(), 2U);
  EXPECT_EQ(made.said[0].what->name, "idle-timeout");
  EXPECT_EQ(made.said[0].text, "10s");
  EXPECT_EQ(made.said[0].where.from, source::environment);
}

TEST(environment, a_list_is_separated_by_spaces) {
  const auto made = read({"SAMJOKO_LISTEN= :1  :2,model=thread "});
  ASSERT_EQ(made.said.size(), 2U);
  EXPECT_EQ(made.said[0].text, ":1");
  EXPECT_EQ(made.said[1].text, ":2,model=thread");
  EXPECT_EQ(read({"SAMJOKO_LISTEN="}).said.size(), 1U) << "to be refused, not forgotten";
}

TEST(environment, an_unknown_variable_is_a_problem_with_a_hint) {
  const auto made = read(
      {"SAMJOKO_IDEL_TIMEOUT=1s", "SAMJOKO_XYZZY=1", "SAMJOKO_=1", "SAMJOKO_WHEN_PARKED=stay"});
  ASSERT_EQ(made.problems.size(), 4U);
  EXPECT_EQ(made.problems[0].text,
            "SAMJOKO_IDEL_TIMEOUT: there is no option of that name; did you mean "
            "SAMJOKO_IDLE_TIMEOUT?");
  EXPECT_EQ(made.problems[1].text, "SAMJOKO_XYZZY: there is no option of that name");
  EXPECT_EQ(made.problems[3].text,
            "SAMJOKO_WHEN_PARKED: there is no option of that name; did you mean "
            "SAMJOKO_WHEN_FAILED?");
}

// A pod of Kubernetes beside a service that is called samjoko finds these in its environment. If
// they were refused, the program could not start there.
TEST(environment, what_platforms_set_for_a_service_of_that_name_is_not_ours) {
  const auto made = read({"SAMJOKO_SERVICE_HOST=10.0.0.1", "SAMJOKO_SERVICE_PORT=7000",
                          "SAMJOKO_SERVICE_PORT_HTTP=7000", "SAMJOKO_PORT=tcp://10.0.0.1:7000",
                          "SAMJOKO_PORT_7000_TCP_ADDR=10.0.0.1", "SAMJOKO_NAME=/web/samjoko"});
  EXPECT_TRUE(made.problems.empty() && made.said.empty());
}

TEST(environment, of_nobody_says_nothing) { EXPECT_TRUE(read_environment(nullptr).said.empty()); }

}  // namespace
}  // namespace samjoko::cli
