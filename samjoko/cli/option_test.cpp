#include <samjoko/cli/option.hpp>

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include <samjoko/cli/catalog.hpp>
#include <samjoko/cli/commands.hpp>
#include <samjoko/cli/help.hpp>

namespace samjoko::cli {
namespace {

/// All members in which the default of an option can show.
auto everything(const serve_options& of) {
  const auto& [connection, all, peer, least, most, idle, recycle, stack] = of.limits;
  const auto& http = of.http;
  const auto& plan = of.restarts;
  return std::tuple(plan.boot_limit, plan.stable_after, plan.first_delay, plan.longest_delay,
                    plan.replace_burst, plan.replace_rate, plan.failures_to_give_up,
                    plan.failure_window, plan.longest_fork_delay, plan.kill_grace, connection.idle,
                    connection.turn, connection.write_idle, connection.minimum_write_rate,
                    connection.write_grace, all, peer, least, most, idle, recycle, stack,
                    http.identify, http.list, http.listing_max, http.max_head, http.max_target,
                    http.max_headers, http.max_body, http.head_timeout, http.body_timeout,
                    of.stop_timeout, of.deaths_in_full, plan.drain_delay, of.chat_rate, of.backlog,
                    of.unix_mode, of.unix_owner, of.log_file, of.log_level, of.user, of.group,
                    settle(of.placed).model, settle(of.placed).spawn);
}

TEST(option_table, what_it_calls_a_default_is_what_holds_when_nobody_speaks) {
  serve_options said;
  for (const auto& each : all_options()) {
    if (each.standard.empty()) continue;
    EXPECT_TRUE(each.take(each.standard, said)) << each.name;
    EXPECT_EQ(everything(said), everything({})) << each.name;
  }
  ASSERT_EQ(said.listen.size(), 1U);
  EXPECT_EQ(said.listen.front().where.text(), default_listener().where.text());
}

TEST(option_table, every_row_is_whole_and_stands_there_once) {
  std::set<std::string> names;
  for (const auto& each : all_options()) {
    EXPECT_TRUE(names.insert(std::string(each.name)).second) << each.name << " stands there twice";
    EXPECT_TRUE(each.take) << each.name;
    EXPECT_FALSE(each.help.empty() || each.heading.empty()) << each.name;
    EXPECT_EQ(each.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string::npos);
    EXPECT_EQ(find_option(each.name), &each);
    EXPECT_TRUE(each.needs.empty() || find_option(each.needs) != nullptr) << each.name;
  }
}

TEST(option_table, choices_are_understood_and_nothing_else) {
  for (const auto& each : all_options()) {
    serve_options thrown_away;
    for (const auto choice : each.choices)
      EXPECT_TRUE(each.take(choice, thrown_away)) << each.name << " " << choice;
    if (each.choices.empty() && !is_switch(each)) continue;
    EXPECT_FALSE(each.take("nonsense", thrown_away)) << each.name;
  }
}

TEST(option_table, a_switch_is_true_or_false_in_many_words) {
  const auto* list = find_option("list");
  ASSERT_NE(list, nullptr);
  for (const auto& [text, wanted] : {std::pair("true", true),
                                     {"yes", true},
                                     {"1", true},
                                     {"false", false},
                                     {"off", false},
                                     {"0", false}}) {
    serve_options made;
    made.http.list = !wanted;
    ASSERT_TRUE(list->take(text, made));
    EXPECT_EQ(made.http.list, wanted) << text;
  }
}

TEST(option_table, names_lead_to_variables) {
  EXPECT_EQ(variable_of(*find_option("idle-timeout")), "SAMJOKO_IDLE_TIMEOUT");
  EXPECT_EQ(find_option("idle_timeout"), nullptr);
}

TEST(option_table, help_names_every_option_and_every_command) {
  const auto text = help_text("samjoko", catalog(), false);
  for (const auto& each : all_options())
    EXPECT_NE(text.find("--" + std::string(each.name)), std::string::npos) << each.name;
  for (const auto& each : all_commands())
    EXPECT_NE(text.find("samjoko " + std::string(each.name)), std::string::npos) << each.name;
  EXPECT_NE(text.find("silence of a client; 0: no limit (60s)"), std::string::npos) << text;
}

TEST(option_table, help_of_one_service_names_what_can_concern_it) {
  const auto of = [](service_entry own) { return help_text("mine", {std::move(own)}, true); };
  const auto names = [](const std::string& text, std::string_view option) {
    return text.find("--" + std::string(option) + " ") != std::string::npos;
  };
  const auto plain = of({.name = "mine", .usage = "", .summary = ""});
  const auto http = of({.name = "mine", .usage = "", .summary = "", .speaks_http = true});
  const auto hub = of({.name = "mine", .usage = "", .summary = "", .uses_hub = true});
  EXPECT_TRUE(names(plain, "idle-timeout"));
  for (const auto* each : {"max-head", "list", "hub-queue", "chat-rate", "max-children"})
    EXPECT_FALSE(names(plain, each)) << each;
  EXPECT_TRUE(names(http, "max-head") && !names(http, "list") && !names(http, "hub-queue"));
  EXPECT_TRUE(names(hub, "hub-queue") && !names(hub, "chat-rate") && !names(hub, "max-head"));
}

}  // namespace
}  // namespace samjoko::cli
