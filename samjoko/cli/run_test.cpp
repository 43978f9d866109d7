#include <samjoko/cli/run.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <samjoko/os/process.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/serve/model.hpp>
#include <thread>

namespace samjoko {
namespace {

task<> say_model(connection& client) {
  const auto written = co_await client.write(serve::model_of_this_process());
  if (!written) co_return;
}

/// What the server sends until it closes; tries again while nobody listens there yet.
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
    os::leave_process(run(options, {.name = "model", .handler = say_model, .greets = true}));
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

}  // namespace
}  // namespace samjoko
