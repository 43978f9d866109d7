#include <samjoko/cli/resolve.hpp>

#include <gtest/gtest.h>

#include <samjoko/cli/catalog.hpp>
#include <samjoko/cli/configuration.hpp>
#include <samjoko/cli/describe.hpp>

namespace samjoko::cli {
namespace {

setting flag(std::string_view name, std::string text) {
  return {find_option(name), std::move(text), {.from = source::flag}};
}
setting variable(std::string_view name, std::string text) {
  return {find_option(name), std::move(text), {.from = source::environment}};
}

everything_said of_file(std::string_view text) {
  auto read = parse_configuration(text, "f.toml");
  EXPECT_TRUE(read.problems.empty()) << read.problems.front().text;
  return {.services = std::move(read.services),
          .file = std::move(read.top),
          .environment = {},
          .flags = {}};
}

std::string problems_of(const everything_said& said) {
  std::string all;
  for (const auto& each : resolve(said, catalog()).problems) all += each.text + "\n";
  return all;
}

constexpr std::string_view two = R"(idle-timeout = "50s"
max-connections = 7
[[service]]
run = "echo"
listen = ":1"
idle-timeout = "40s"
[[service]]
run = "hello"
listen = ":2"
)";

TEST(resolve, what_a_section_does_not_say_comes_from_above) {
  const auto said = of_file(two);
  const auto made = resolve(said, catalog());
  ASSERT_TRUE(made.problems.empty());
  const auto& echo = made.services[0].options;
  const auto& hello = made.services[1].options;
  EXPECT_EQ(echo.limits.connection.idle, milliseconds(40'000));
  EXPECT_EQ(hello.limits.connection.idle, milliseconds(50'000));
  EXPECT_EQ(echo.limits.max_connections, 7U);
  EXPECT_EQ(hello.limits.max_connections, 7U) << "each has as many";
  EXPECT_EQ(hello.limits.connection.write_idle, milliseconds(30'000)) << "built in";
}

TEST(resolve, each_layer_overrules_the_one_below_for_all_services) {
  auto said = of_file(two);
  said.environment.push_back(variable("idle-timeout", "30s"));
  for (const auto& each : resolve(said, catalog()).services)
    EXPECT_EQ(each.options.limits.connection.idle, milliseconds(30'000));
  said.flags.push_back(flag("idle-timeout", "20s"));
  for (const auto& each : resolve(said, catalog()).services)
    EXPECT_EQ(each.options.limits.connection.idle, milliseconds(20'000));
}

TEST(resolve, a_list_is_overruled_as_a_whole) {
  auto said = of_file("listen = [':1', ':2']\n");
  said.services.push_back(
      {.run = "echo", .name = {}, .arguments = {}, .said = {}, .where = {}, .run_where = {}});
  EXPECT_EQ(resolve(said, catalog()).services[0].options.listen.size(), 2U);
  said.flags.push_back(flag("listen", ":3"));
  const auto made = resolve(said, catalog());
  ASSERT_EQ(made.services[0].options.listen.size(), 1U);
  EXPECT_EQ(made.services[0].options.listen[0].where.text(), ":3");
}

TEST(resolve, a_wrong_text_is_a_mistake_also_where_it_is_overruled) {
  auto said = of_file(two);
  said.environment.push_back(variable("workers", "many"));
  said.flags.push_back(flag("workers", "2"));
  EXPECT_EQ(problems_of(said), "SAMJOKO_WORKERS: 'many' is not a whole number from 1 to 256\n");
}

TEST(resolve, an_option_that_nobody_heeds_is_named_once_and_where_it_was_said) {
  EXPECT_EQ(problems_of(of_file("stack-size = '128k'\n" + std::string(two))),
            "f.toml:1:14: stack-size would be ignored here: it needs model thread; leave it out\n");
  EXPECT_EQ(problems_of(of_file("list = true\n" + std::string(two))),
            "f.toml:1:8: list would be ignored here: it needs the service files; leave it out\n");
  EXPECT_EQ(problems_of(of_file("identify = true\n" + std::string(two))), "") << "hello heeds it";
  EXPECT_EQ(problems_of(of_file(std::string(two) + "list = true\n")),
            "f.toml:10:8: list would be ignored here: it needs the service files; leave it out\n");
  EXPECT_EQ(problems_of(of_file("model = 'thread'\n[[service]]\nrun = 'echo'\n"
                                "listen = ':1,model=process'\n")),
            "f.toml:1:9: model would be ignored here: each listen says its own; leave it out\n");
}

TEST(resolve, mistakes_in_the_words_of_a_file) {
  EXPECT_EQ(
      problems_of(of_file("[[service]]\nrun = 'echo'\nlisten = [':1', ':2,spawn=each']\n")),
      "f.toml:3:17: listen :2: spawn=each has no meaning for model multiplex: leave it out\n");
  EXPECT_EQ(problems_of(of_file("group = 'staff'\n" + std::string(two))),
            "f.toml:1:9: group requires user\n");
  EXPECT_EQ(problems_of(of_file("[[service]]\nrun = 'echo'\nmodel = 'thread'\npool-min = 9\n"
                                "pool-max = 3\n")),
            "f.toml:4:12: pool-min is above pool-max\n");
  EXPECT_EQ(problems_of(of_file("[[service]]\nrun = 'relay'\n")),
            "f.toml:2:7: relay takes one argument, ADDRESS, and nothing is given\n");
}

TEST(resolve, workers_are_counted_over_all_services) {
  EXPECT_EQ(problems_of(of_file("workers = 129\n" + std::string(two))),
            "258 workers in 2 groups are more than 256 in all: ask for fewer\n");
}

TEST(describe, one_line_for_each_group) {
  const auto said = of_file(two);
  auto made = resolve(said, catalog());
  made.services[0].options.placed.workers = 1;
  made.services[1].options.placed = {.model = model::process, .spawn = spawn::each, .workers = 2};
  EXPECT_EQ(describe_services(made.services),
            "echo: echo on :1 by multiplex, 1 worker\n"
            "hello: hello on :2 by process, spawn each, 2 workers\n");
}

TEST(describe, what_is_printed_is_a_file_again) {
  auto said = of_file(two);
  said.flags.push_back(flag("log", "a \"quoted\" \\ name\t"));
  const auto made = resolve(said, catalog());
  const auto text = print_configuration(made.services, catalog());
  EXPECT_NE(text.find("idle-timeout = \"40s\""), std::string::npos) << text;
  EXPECT_NE(text.find("# f.toml:6\n"), std::string::npos) << text;
  EXPECT_NE(text.find("# --log\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("stack-size"), std::string::npos) << "nobody would heed it";
  const auto again = of_file(text);
  const auto second = resolve(again, catalog());
  ASSERT_TRUE(second.problems.empty()) << second.problems.front().text;
  EXPECT_EQ(second.services[0].options.log_file, "a \"quoted\" \\ name\t");
  EXPECT_EQ(second.services[1].options.limits.connection.idle, milliseconds(50'000));
}

}  // namespace
}  // namespace samjoko::cli
