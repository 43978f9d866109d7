#include <samjoko/cli/client_command.hpp>

#include <gtest/gtest.h>

#include <sstream>

#include <samjoko/cli/operating.hpp>

namespace samjoko::cli {
namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// The line that goes to the server, or what is wrong.
std::string sent_by(const std::string& line) {
  const auto made = parse_client_command(words_of(line));
  return made ? operate::request_line(made->asked) : made.error().on();
}

TEST(client_command, becomes_a_line_for_the_server) {
  EXPECT_EQ(sent_by("status"), "status\n");
  EXPECT_EQ(sent_by("status --json --control /x"), "json status\n");
  EXPECT_EQ(sent_by("scale 3"), "scale 3\n");
  EXPECT_EQ(sent_by("scale --group thread-pool 3 --json"), "json scale 3 thread-pool\n");
  EXPECT_EQ(sent_by("reset-failed"), "reset-failed\n");
  EXPECT_EQ(sent_by("stop --wait"), "stop\n");
  EXPECT_EQ(sent_by("stop --now"), "stop now\n");
  EXPECT_EQ(sent_by("reopen-logs"), "reopen-logs\n");
}

TEST(client_command, keeps_what_is_not_for_the_server) {
  const auto made = parse_client_command(words_of("stop --wait --control /run/x/control"));
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->wait);
  EXPECT_EQ(made->control, "/run/x/control");
}

TEST(client_command, wrong_words_are_named) {
  EXPECT_EQ(sent_by("scale"), "scale needs a number of workers");
  EXPECT_EQ(sent_by("status 3"), "'3' is not expected here");
  EXPECT_EQ(sent_by("stop --now --now"), "--now is given more than once");
  EXPECT_EQ(sent_by("status --control"), "--control needs a value");
  EXPECT_EQ(sent_by("status --jsn"), "status has no option --jsn (did you mean --json?)");
  EXPECT_EQ(sent_by("status --group x"),
            "status has no option --group (there are --json, --control)");
}

TEST(client_command, is_told_from_other_words) {
  EXPECT_TRUE(is_client_command("status"));
  for (const auto* word : {"serve", "help", "version", "", "stat", "status "})
    EXPECT_FALSE(is_client_command(word)) << word;
}

TEST(client_command, help_names_each_of_them) {
  const auto text = client_command_help("crow");
  for (const auto* part :
       {"crow COMMAND", "status", "scale N", "reset-failed", "deaths", "stop [--now]"})
    EXPECT_NE(text.find(part), std::string::npos) << part;
}

TEST(log_format, is_the_journals_only_where_that_is_proved) {
  operating_options options;
  EXPECT_EQ(format_for(options, true), log::format::text);
  options.log_format = "journald";
  EXPECT_EQ(format_for(options, false), log::format::journald);
  options.log_format = "json";
  EXPECT_EQ(format_for(options, true), log::format::json);
}

}  // namespace
}  // namespace samjoko::cli
