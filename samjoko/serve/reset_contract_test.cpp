// What connection::reset means to a client, in every model: it receives all that was written, and
// then an error.

#include <cerrno>
#include <samjoko/serve/testing/model_contract.hpp>

namespace samjoko::serve {
namespace {

constexpr std::size_t much = 400'000;

/// Answers a line with more than a client takes at once, and then aborts.
service half_answers(next then) {
  return {.name = "half", .handler = [then](connection& client) -> task<next> {
            const auto line = co_await client.read_line();
            if (!line) co_return next::close;
            const std::string half(much, 'x');
            const auto written = co_await client.write(half);
            if (!written) co_return next::close;
            client.reset();
            co_return then;
          }};
}

void expect_half_and_an_error(const os::address& where) {
  test_client client(where, {.from = {}, .receive_buffer = 8192});
  EXPECT_TRUE(client.send("more\n"));
  EXPECT_EQ(client.receive(much).size(), much);
  EXPECT_FALSE(client.sees_end());
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_P(model_contract, a_reset_client_reads_all_of_it_and_then_an_error) {
  running_model server(GetParam(), half_answers(next::close));
  for (int round = 0; round < 3; ++round) expect_half_and_an_error(server.address());
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

TEST_P(model_contract, a_reset_client_does_not_rest) {
  running_model server(GetParam(), half_answers(next::keep));
  expect_half_and_an_error(server.address());
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

TEST_P(model_contract, a_reset_that_is_taken_back_is_a_plain_end) {
  const service undecided{.name = "undecided", .handler = [](connection& client) -> task<> {
                            client.reset();
                            const auto written = co_await client.write("whole\n");
                            if (written) client.reset(false);
                          }};
  running_model server(GetParam(), undecided);
  auto client = server.connect();
  EXPECT_EQ(client.receive_line(), "whole\n");
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.stop_and_expect_end();
}

TEST_P(model_contract, a_client_that_takes_nothing_is_reset_all_the_same) {
  running_model server(GetParam(), half_answers(next::close));
  test_client client(server.address(), {.from = {}, .receive_buffer = 8192});
  EXPECT_TRUE(client.send("more\n"));
  EXPECT_TRUE(eventually([&] { return server.counts().accepted.load() == 1; }));
  EXPECT_TRUE(server.serves_nobody());
  EXPECT_TRUE(client.is_cut_off());
  EXPECT_EQ(errno, ECONNRESET);
  server.stop_and_expect_end();
}

}  // namespace
}  // namespace samjoko::serve
