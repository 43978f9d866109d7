#include <samjoko/cli/options.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <samjoko/cli/catalog.hpp>
#include <samjoko/cli/option.hpp>

namespace samjoko::cli {
namespace {

command parse(const std::string& line, const std::vector<service_entry>& services = catalog(),
              bool own = false) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  std::vector<char*> pointers;
  for (auto& each : words) pointers.push_back(each.data());
  return parse_command_line(static_cast<int>(pointers.size()), pointers.data(), services, own);
}

serve_options options_of(const std::string& line) {
  const auto made = parse("samjoko serve " + line);
  EXPECT_FALSE(made.serve.empty()) << line << ": " << made.print;
  return made.serve.empty() ? serve_options{} : made.serve.front();
}

std::string complaint(const std::string& line) {
  const auto made = parse("samjoko " + line);
  EXPECT_TRUE(made.serve.empty()) << line;
  EXPECT_EQ(made.exit_code, exit_usage) << line;
  EXPECT_TRUE(made.print.starts_with("samjoko: ")) << made.print;
  EXPECT_EQ(std::ranges::count(made.print, '\n'), 1) << made.print;
  return made.print;
}

TEST(options, a_listener_chooses_for_itself) {
  const auto made = options_of("echo --model thread -l :1 --listen :2,model=process,workers=2");
  ASSERT_EQ(made.listen.size(), 2U);
  EXPECT_EQ(settle(made.listen[0].how, made.placed), (placement{model::thread, spawn::pool, 1}));
  EXPECT_EQ(settle(made.listen[1].how, made.placed), (placement{model::process, spawn::pool, 2}));
}

TEST(options, without_any_there_is_one_listener_and_the_default_model) {
  const auto made = options_of("echo");
  ASSERT_EQ(made.listen.size(), 1U);
  EXPECT_EQ(made.listen[0].where.text(), "127.0.0.1:7000");
  EXPECT_EQ(settle(made.listen[0].how, made.placed).model, model::multiplex);
}

TEST(options, an_option_is_fine_when_one_group_heeds_it) {
  (void)options_of("echo -l :1 -l :2,model=thread --stack-size 128k");
  (void)options_of("echo -l :1 -l :2,model=process --recycle-after 5 --pool-min 2");
  (void)options_of("echo -l :1 -l :2,model=thread --spawn each");
}

TEST(options, a_pool_of_few_has_a_minimum_of_few) {
  EXPECT_EQ(options_of("echo --model thread --pool-max 3").limits.pool_min, 3U);
  EXPECT_EQ(options_of("echo --model process --pool-min 300").limits.pool_max, 300U);
  EXPECT_NE(complaint("serve echo --model thread --pool-min 9 --pool-max 3").find("above"),
            std::string::npos);
}

TEST(options, a_number_beyond_everything_is_a_sentence) {
  for (const auto& each : all_options()) {
    if (each.kind != "N" && each.kind != "TIME" && each.kind != "SIZE") continue;
    for (const auto* text : {"1e300", "99999999999999999999999999", "1e999", "-1", "inf", "nan"}) {
      serve_options to;
      const auto taken = each.take(text, to);
      ASSERT_FALSE(taken) << each.name << " takes " << text;
      EXPECT_NE(taken.error().on().find(text), std::string::npos) << taken.error().on();
    }
  }
}

TEST(options, when_a_worker_that_fell_is_started_again) {
  const supervise::plan_settings usual;
  EXPECT_EQ(options_of("echo").restarts.first_delay, usual.first_delay);
  const auto made = options_of(
      "echo --boot-timeout 2s --stable-after 0 --restart-delay 5ms --restart-delay-max 3s "
      "--fail-after 7 --fail-window 1m --replace-burst 9 --replace-rate 11 --fork-delay-max 20ms "
      "--kill-grace 0 --deaths-in-full 12");
  EXPECT_EQ(made.deaths_in_full, 12U);
  const auto& plan = made.restarts;
  EXPECT_EQ(plan.boot_limit, milliseconds(2000));
  EXPECT_EQ(plan.stable_after, milliseconds(0));
  EXPECT_EQ(plan.first_delay, milliseconds(5));
  EXPECT_EQ(plan.longest_delay, milliseconds(3000));
  EXPECT_EQ(plan.failures_to_give_up, 7U);
  EXPECT_EQ(plan.failure_window, milliseconds(60'000));
  EXPECT_EQ(plan.replace_burst, 9U);
  EXPECT_EQ(plan.replace_rate, 11U);
  EXPECT_EQ(plan.longest_fork_delay, milliseconds(20));
  EXPECT_EQ(plan.kill_grace, milliseconds(0));
}

TEST(options, a_restart_without_any_delay_would_spin) {
  EXPECT_NE(complaint("serve echo --restart-delay 0").find("--restart-delay"), std::string::npos);
  EXPECT_NE(complaint("serve echo --fork-delay-max 0").find("--fork-delay-max"), std::string::npos);
  EXPECT_NE(complaint("serve echo --fail-after 0").find("--fail-after"), std::string::npos);
}

TEST(options, an_option_that_no_group_heeds_is_an_error) {
  for (const auto* line : {"echo -l :1 -l :2,model=process --stack-size 128k",
                           "echo -l :1 -l :2,model=thread --recycle-after 5",
                           "echo -l :1,model=process,spawn=each -l :2 --pool-max 9",
                           "echo -l :1,model=thread --model process"}) {
    const auto text = complaint(std::string("serve ") + line);
    EXPECT_NE(text.find("would be ignored here"), std::string::npos) << text;
  }
}

TEST(options, mistakes_are_named_with_what_to_write) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "no command given: write serve, check, print-config"},
      {"sreve", "there is no command 'sreve' (did you mean serve?)"},
      {"xyzzy", "there is no command 'xyzzy' (write serve, check,"},
      {"unpark", "there is no command 'unpark' (did you mean reset-failed?)"},
      {"help unpark", "there is no command 'unpark' (did you mean reset-failed?)"},
      {"serve echo --grown-after 1s",
       "there is no option --grown-after; did you mean --stable-after?"},
      {"serve echo --park-after=1", "no option --park-after; did you mean --fail-after?"},
      {"serve echo --park-window 1s", "no option --park-window; did you mean --fail-window?"},
      {"serve echo --when-parked stay", "no option --when-parked; did you mean --when-failed?"},
      {"serve", "no SERVICE given (there are: echo, chat, relay, files, hello, exec)"},
      {"serve ehco", "there is no service 'ehco' (there are: echo"},
      {"serve echo --modle thread", "there is no option --modle; did you mean --model?"},
      {"serve echo --wrokers 2", "there is no option --wrokers; did you mean --workers?"},
      {"serve echo --xyzzy", "there is no option --xyzzy (try"},
      {"serve echo --model", "--model needs a value"},
      {"serve echo --listen", "--listen needs a value"},
      {"serve echo --model thread --model thread", "--model is given more than once"},
      {"serve echo --workers 2 --workers 3", "--workers is given more than once"},
      {"serve echo --model fibre", "--model: there is no model 'fibre' (write process, thread"},
      {"serve echo --workers -1", "--workers: '-1' is not a whole number from 1 to 256"},
      {"serve echo --model process --recycle-after -1", "--recycle-after: '-1' is not a whole"},
      {"serve echo --idle-timeout 3w", "--idle-timeout: '3w' is not a time (write 10s"},
      {"serve files / --list=perhaps", "--list: 'perhaps' is neither true nor false"},
      {"serve hello --list --list", "--list is given more than once"},
      {"serve echo --config /nowhere/at/all", "/nowhere/at/all: cannot be read: No such file"},
      {"check", "check needs a FILE"},
      {"completion tcsh", "bash, zsh or fish"},
      {"manual 3", "manual takes 1, the commands, 5"},
      {"serve echo --log-level loud", "--log-level: 'loud' is not debug, info"},
      {"serve echo --group staff", "--group requires --user"},
      {"serve echo -l 1.2.3:1", "--listen: '1.2.3:1' is not a numeric IPv4 address"},
      {"serve echo -l a..b:1", "--listen: 'a..b:1' is no name of a host"},
      {"serve echo -l :1,model=fibre", "--listen: ':1,model=fibre': there is no model 'fibre'"},
      {"serve echo -l :1,spawn=each", "--listen :1: spawn=each has no meaning"},
  };
  for (const auto& [line, words] : wrong) {
    EXPECT_NE(complaint(line).find(words), std::string::npos) << complaint(line);
  }
}

TEST(options, help_and_version_are_no_mistakes) {
  for (const auto* line : {"samjoko help", "samjoko --help", "samjoko serve --help",
                           "samjoko help serve", "samjoko version", "samjoko --version"}) {
    const auto made = parse(line);
    EXPECT_TRUE(made.serve.empty()) << line;
    EXPECT_EQ(made.exit_code, 0) << made.print;
  }
  EXPECT_NE(parse("samjoko help").print.find("files DIR"), std::string::npos);
}

TEST(options, a_program_of_one_service_needs_no_command) {
  const std::vector<service_entry> own{{.name = "mine", .usage = "", .summary = ""}};
  for (const auto* line : {"mine -l :1,model=thread", "mine serve -l :1,model=thread"}) {
    const auto made = parse(line, own, true);
    ASSERT_FALSE(made.serve.empty()) << made.print;
    EXPECT_EQ(made.serve.front().service, "mine");
    EXPECT_EQ(made.serve.front().listen.at(0).how.model, model::thread);
  }
  EXPECT_FALSE(parse("mine", own, true).serve.empty());
  EXPECT_EQ(parse("mine help", own, true).print.find("SERVICE"), std::string::npos);
}

TEST(options, a_switch_can_be_taken_back) {
  EXPECT_TRUE(options_of("files /srv --list").http.list);
  EXPECT_FALSE(options_of("files /srv --list=false").http.list);
}

/// A file that is removed with the test.
class with_file : public testing::Test {
 protected:
  with_file() {
    const int file = ::mkstemp(path_.data());
    EXPECT_GE(file, 0);
    ::close(file);
  }
  ~with_file() override { ::unlink(path_.c_str()); }
  void write(std::string_view text) { std::ofstream(path_) << text; }
  std::string path_ = testing::TempDir() + "samjoko-options-XXXXXX";
};

TEST_F(with_file, a_program_of_one_service_reads_its_options) {
  const std::vector<service_entry> own{{.name = "mine", .usage = "", .summary = ""}};
  write("listen = ':1,model=thread'\nidle-timeout = 5\n");
  const auto made = parse("mine --config " + path_, own, true);
  ASSERT_FALSE(made.serve.empty()) << made.print;
  EXPECT_EQ(made.serve.front().listen.at(0).how.model, model::thread);
  EXPECT_EQ(made.serve.front().limits.connection.idle, milliseconds(5000));
  EXPECT_EQ(parse("mine check " + path_, own, true).print,
            "mine: mine on :1 by thread, spawn pool, 1 worker\n");
  write("[[service]]\nrun = 'mine'\n");
  const auto refused = parse("mine --config " + path_, own, true);
  EXPECT_TRUE(refused.serve.empty());
  EXPECT_NE(refused.print.find("one service of its own"), std::string::npos) << refused.print;
}

TEST_F(with_file, several_services_are_all_to_be_served) {
  write("[[service]]\nrun = 'echo'\nlisten = ':1'\n[[service]]\nrun = 'hello'\nlisten = ':2'\n");
  const auto made = parse("samjoko serve --config " + path_);
  ASSERT_EQ(made.serve.size(), 2U) << made.print;
  EXPECT_EQ(made.serve[1].service, "hello");
  EXPECT_EQ(made.serve[1].config_file, path_);
}

}  // namespace
}  // namespace samjoko::cli
