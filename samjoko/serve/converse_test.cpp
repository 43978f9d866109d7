#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <functional>
#include <samjoko/service/testing.hpp>
#include <samjoko/task/channel.hpp>
#include <stdexcept>

namespace samjoko {
namespace {

struct line_number {
  int last = 0;
};

task<next> number_lines(connection& client, line_number& number) {
  const auto line = co_await client.read_line();
  if (!line) co_return next::close;
  const auto answer = std::to_string(++number.last) + " " + std::string(*line) + "\n";
  const auto written = co_await client.write(answer);
  co_return written ? next::keep : next::close;
}

/// The same by an author who forgot that a rest ends the handler: the number is a local.
task<next> forgetful(connection& client) {
  int number = 0;
  const auto line = co_await client.read_line();
  if (!line) co_return next::close;
  const auto answer = std::to_string(++number) + " " + std::string(*line) + "\n";
  const auto written = co_await client.write(answer);
  co_return written ? next::keep : next::close;
}

/// The unit test that both authors would write first.
void test_numbering(const service& offered) {
  EXPECT_EQ(converse(offered, {"a\n", "b\n", "c\n"}), "1 a\n2 b\n3 c\n");
}
void test_forgetful() { test_numbering({.name = "forgetful", .handler = forgetful}); }
/// Also when no byte was waited for between the turns.
void test_forgetful_at_once() {
  const service offered{.name = "forgetful", .handler = forgetful};
  EXPECT_EQ(converse(offered, {"a\nb\nc\n"}), "1 a\n2 b\n3 c\n");
}

TEST(converse, holds_for_a_handler_with_state) {
  const service offered{.name = "numbers", .handler = number_lines};
  test_numbering(offered);
  EXPECT_EQ(converse(offered, {"a\nb\nc\n"}), "1 a\n2 b\n3 c\n");
}

TEST(converse, a_local_kept_across_a_rest_fails_the_unit_test) {
  EXPECT_NONFATAL_FAILURE(test_forgetful(), "1 a\\n1 b\\n1 c\\n");
  EXPECT_NONFATAL_FAILURE(test_forgetful_at_once(), "1 a\\n1 b\\n1 c\\n");
}

TEST(converse, pieces_arrive_one_by_one) {
  const service offered{.name = "pieces", .handler = [](connection& client) -> task<> {
                          while (auto some = co_await client.read()) {
                            const auto size = "[" + std::to_string(some->size()) + "]";
                            const auto written = co_await client.write(size);
                            if (!written) co_return;
                          }
                        }};
  EXPECT_EQ(converse(offered, {"abc", "", "de", std::string(20'000, 'x')}), "[3][2][16384][3616]");
  EXPECT_EQ(converse(offered, {}), "");
}

TEST(converse, parts_and_sleeps_and_failures) {
  const service parts{
      .name = "parts", .handler = [](connection& client) -> task<> {
        static_cast<void>(co_await io::sleep_until(client.loop(), deadline::never()));
        const std::string first = "first ";
        const std::string second = "second";
        auto write = client.write({as_bytes(first), as_bytes(second)});
        static_cast<void>(co_await std::move(write));
        throw std::runtime_error("on purpose");
      }};
  EXPECT_EQ(converse(parts, {}), "first second");
}

TEST(converse, a_greeting_comes_first) {
  struct greeted {
    bool already = false;
  };
  const service greeter{.name = "greeter",
                        .handler = [](connection& client, greeted& state) -> task<next> {
                          if (!std::exchange(state.already, true)) {
                            static_cast<void>(co_await client.write("hello\n"));
                            co_return next::keep;
                          }
                          static_cast<void>(co_await client.write("bye\n"));
                          co_return next::close;
                        },
                        .server_speaks_first = true};
  EXPECT_EQ(converse(greeter, {"x"}), "hello\nbye\n");
}

TEST(converse, a_wait_that_nobody_feeds_ends_with_words) {
  const service waits{.name = "waits", .handler = [](connection&) -> task<> {
                        channel<int> never_fed(1);
                        const auto item = co_await never_fed.receive();
                        if (!item) co_return;
                      }};
  EXPECT_DEATH((void)converse(waits, {"x"}), "waits for something that nothing feeds");
}

TEST(converse, a_service_without_a_handler_is_named_as_such) {
  EXPECT_DEATH((void)converse({.name = "empty", .handler = {}}, {}), "the service has no handler");
}

TEST(handler, a_null_function_is_none) {
  task<> (*const missing)(connection&) = nullptr;
  EXPECT_FALSE(handler(missing));
  EXPECT_FALSE(handler(std::function<task<>(connection&)>()));
}

TEST(handler, shapes_that_cannot_serve_are_known_by_the_concept) {
  struct no_default {
    explicit no_default(int) {}
  };
  using by_value = task<> (*)(connection);
  using constant = task<next> (*)(connection&, const int&);
  using unmakeable = task<next> (*)(connection&, no_default&);
  auto generic = [](connection&, auto&) -> task<next> { co_return next::close; };
  int count = 0;
  auto changing = [count](connection&) mutable -> task<> {
    ++count;
    co_return;
  };
  static_assert(!handler_function<by_value>);
  static_assert(!handler_function<constant>);
  static_assert(!handler_function<unmakeable>);
  static_assert(!handler_function<void (*)(connection&)>);
  static_assert(!handler_function<task<int> (*)(connection&)>);
  static_assert(!handler_function<decltype(generic)>);
  static_assert(!handler_function<decltype(changing)>);
  static_assert(handler_function<task<next> (*)(connection&, int&)>);
  static_assert(handler_function<task<next> (*)(connection&, int&) noexcept>);
}

}  // namespace
}  // namespace samjoko
