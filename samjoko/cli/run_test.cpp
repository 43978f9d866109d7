#include <samjoko/cli/run.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <samjoko/cli/own_service.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/serve/model.hpp>
#include <samjoko/web/http_service.hpp>
#include <thread>

namespace samjoko {
namespace {

task<> say_model(connection& client) {
  const auto written = co_await client.write(serve::model_of_this_process());
  if (!written) co_return;
}

/// What the server sends until it closes; tries again while no server listens there yet.
std::string read_from(const os::address& where) {
  const auto until = deadline::after(milliseconds(20'000));
  while (!until.passed(steady::now())) {
    const os::descriptor socket(::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.get(), where.data(), where.size()) != 0) {
      std::this_thread::yield();
      continue;
    }
    std::string text(64, '\0');
    const auto count = ::recv(socket.get(), text.data(), text.size(), MSG_WAITALL);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
  }
  return "nobody listens";
}

TEST(run, by_data_each_listener_has_its_model) {
  std::string folder = testing::TempDir() + "samjoko-run-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  cli::serve_options options;
  for (const auto which : {model::process, model::thread, model::multiplex}) {
    const auto where = os::address::parse("unix:" + folder + "/" + std::string(name_of(which)));
    ASSERT_TRUE(where);
    options.listen.push_back({.where = *where, .how = {.model = which}});
  }
  options.log_file = folder + "/log";
  const auto forked = os::fork_process();
  ASSERT_TRUE(forked);
  if (forked->in_child()) {
    os::leave_process(
        run(options, {.name = "model", .handler = say_model, .server_speaks_first = true}));
  }
  for (const auto& each : options.listen) {
    EXPECT_EQ(read_from(each.where), name_of(*each.how.model));
  }
  ASSERT_EQ(::kill(forked->pid, SIGTERM), 0);
  int status = -1;
  ASSERT_EQ(::waitpid(forked->pid, &status, 0), forked->pid);
  EXPECT_EQ(status, 0);
  std::filesystem::remove(options.log_file);
  EXPECT_TRUE(std::filesystem::remove(folder)) << "a socket file is left behind";
}

TEST(run, by_data_too_what_cannot_be_is_a_usage_error) {
  cli::serve_options options;
  options.listen.push_back({.where = *os::address::parse("127.0.0.1:0"),
                            .how = {.model = model::multiplex, .spawn = spawn::each}});
  EXPECT_EQ(run(options, {.name = "model", .handler = say_model}), cli::exit_usage);
}

int run_by_words(std::vector<std::string> words, const service& own) {
  std::vector<char*> pointers;
  for (auto& each : words) pointers.push_back(each.data());
  return run(static_cast<int>(pointers.size()), pointers.data(), own);
}

TEST(run, a_service_without_a_handler_is_refused_at_the_start) {
  EXPECT_EQ(run(cli::serve_options(), {.name = "empty", .handler = {}}), cli::exit_usage);
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_by_words({"empty", "-l", "127.0.0.1:0"}, {.name = "empty", .handler = {}}),
            cli::exit_usage);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("has no handler"), std::string::npos);
  EXPECT_EQ(run_by_words({"empty", "help"}, {.name = "empty", .handler = {}}), 0)
      << "help needs none";
}

TEST(run, one_process_refuses_what_would_split_it) {
  const service own{.name = "one", .handler = say_model, .one_process = true};
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"--workers", "2"},
                                             {"--model", "process"},
                                             {"--model", "process", "--spawn", "each"},
                                             {"-l", "127.0.0.1:0,workers=3"},
                                             {"-l", "127.0.0.1:0", "-l", "[::1]:0,model=thread"}}) {
    auto all = words;
    all.insert(all.begin(), "one");
    testing::internal::CaptureStderr();
    EXPECT_EQ(run_by_words(all, own), cli::exit_usage) << words.back();
    EXPECT_NE(testing::internal::GetCapturedStderr().find("in one process"), std::string::npos);
  }
  cli::serve_options data;
  data.placed.workers = 2;
  EXPECT_EQ(run(data, own), cli::exit_usage);
}

TEST(run, one_process_is_one_worker_by_default) {
  const auto entry = cli::entry_of({.name = "one", .handler = say_model, .one_process = true});
  std::string name = "one";
  std::array<char*, 1> words{name.data()};
  const auto made = cli::parse_command_line(1, words.data(), {entry}, true);
  ASSERT_EQ(made.serve.size(), 1U) << made.print;
  EXPECT_EQ(made.serve.front().placed.workers, 1U);
}

TEST(run, by_data_limits_have_bounds_too) {
  const service own{.name = "model", .handler = say_model};
  cli::serve_options few;
  few.limits.pool_max = 3;
  ASSERT_TRUE(cli::settle_data(few, own));
  EXPECT_EQ(few.limits.pool_min, 3U);
  cli::serve_options small;
  small.limits.stack_size = 1;
  EXPECT_EQ(run(small, own), cli::exit_usage);
  cli::serve_options late;
  late.limits.connection.idle = std::chrono::hours(100'000);
  EXPECT_EQ(run(late, own), cli::exit_usage);
  cli::serve_options crossed;
  crossed.limits.pool_min = 9;
  crossed.limits.pool_max = 3;
  EXPECT_EQ(run(crossed, own), cli::exit_usage);
}

TEST(run, limits_on_http_concern_a_users_own_http_service) {
  const auto own = web::http_service("pages", {.only_reads = false},
                                     [](const proto::request&, web::response&) {});
  const auto parse = [](const service& of, std::vector<std::string> words) {
    std::vector<char*> pointers;
    for (auto& each : words) pointers.push_back(each.data());
    return cli::parse_command_line(static_cast<int>(pointers.size()), pointers.data(),
                                   {cli::entry_of(of)}, true);
  };
  const auto said = parse(own, {"pages", "--max-body", "7k"});
  ASSERT_EQ(said.serve.size(), 1U) << said.print;
  EXPECT_EQ(said.serve.front().http.max_body, 7U << 10);
  EXPECT_TRUE(cli::with_limits(own, said.serve.front()));
  EXPECT_NE(parse(own, {"pages", "help"}).print.find("--max-head"), std::string::npos);
  const service plain{.name = "plain", .handler = say_model};
  EXPECT_EQ(parse(plain, {"plain", "help"}).print.find("--max-head"), std::string::npos);
  EXPECT_EQ(parse(plain, {"plain", "--max-body", "7k"}).exit_code, cli::exit_usage);
}

}  // namespace
}  // namespace samjoko
