#include <samjoko/proto/testing/http1_corpus.hpp>

#include <gtest/gtest.h>

#include <random>

namespace samjoko::proto {
namespace {

constexpr std::size_t pieces[] = {0, 1, 2, 3, 7, 16};

std::string message(const corpus::table& table, const corpus::sample& sample) {
  return std::string(table.before).append(sample.bytes).append(table.after);
}

TEST(http1_replay, every_sample_reads_as_it_should_in_every_piece_size) {
  std::size_t count = 0;
  for (const auto& table : corpus::tables()) {
    for (const auto& sample : table.samples) {
      for (const auto piece : pieces) {
        EXPECT_EQ(corpus::read_in_pieces(message(table, sample), piece, {}, false), sample.reading)
            << sample.about << ", pieces of " << piece;
      }
      ++count;
    }
  }
  EXPECT_GT(count, 100U);
}

/// What a hostile client might do to a valid message; `dice` decides.
std::string mutated(std::string text, std::mt19937& dice) {
  static constexpr std::string_view spice("\0\t\n\r ,:;=%#*/\"\x7f\xff+-0aA", 21);
  const auto changes = 1 + dice() % 3;
  for (unsigned i = 0; i < changes && !text.empty(); ++i) {
    const auto at = dice() % text.size();
    const auto length = dice() % 8;
    switch (dice() % 5) {
      case 0: text[at] = spice[dice() % spice.size()]; break;
      case 1: text.insert(at, 1, spice[dice() % spice.size()]); break;
      case 2: text.erase(at, length); break;
      case 3: text.insert(dice() % text.size(), text.substr(at, length)); break;
      default: text[at] = static_cast<char>(dice()); break;
    }
  }
  return text;
}

TEST(http1_replay, mutated_samples_read_the_same_whole_and_in_pieces) {
  std::mt19937 dice(20231);  // NOLINT: the same run every time
  for (int round = 0; round < 40; ++round) {
    for (const auto& table : corpus::tables()) {
      for (const auto& sample : table.samples) {
        const auto text = mutated(message(table, sample), dice);
        const auto whole = corpus::read_in_pieces(text, 0, {}, true);
        const auto piece = 1 + dice() % 9;
        ASSERT_EQ(whole, corpus::read_in_pieces(text, piece, {}, true))
            << testing::PrintToString(text);
      }
    }
  }
}

TEST(http1_replay, limits_give_the_same_verdict_whole_and_in_pieces) {
  http1_limits limits;
  limits.head_size = 256;
  limits.target_size = 40;
  limits.field_count = 3;
  limits.discarded_body_size = 20;
  limits.chunk_extension_size = 8;
  limits.trailer_size = 13;
  const auto line = "GET /" + std::string(39, 'a') + " HTTP/1.1\r\nHost: h\r\n";
  const auto long_line = "GET /" + std::string(40, 'a') + " HTTP/1.1\r\nHost: h\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  const auto padded = [&line](std::size_t size) {
    return line + "X: " + std::string(size - line.size() - 7, 'x') + "\r\n\r\n";
  };
  const std::pair<std::string, std::string_view> samples[] = {
      {line + "\r\n", "GET"},
      {long_line + "\r\n", "414 request target too long"},
      {"GET /" + std::string(300, 'a'), "414 request line too long"},
      {std::string(300, 'a'), "414 request line too long"},
      {padded(256), "GET"},
      {padded(257), "431 request head too large"},
      {line + std::string(300, 'x'), "431 request head too large"},
      {line + "A:\r\nB:\r\n\r\n", "GET"},
      {line + "A:\r\nB:\r\nC:\r\n\r\n", "431 too many header fields"},
      {post + "Content-Length: 20\r\n\r\n12345678901234567890", "POST"},
      {post + "Content-Length: 21\r\n\r\n", "413 body too large"},
      {chunked + "a\r\n1234567890\r\na\r\n1234567890\r\n0\r\n\r\n", "POST"},
      {chunked + "a\r\n1234567890\r\nb\r\n12345678901\r\n0\r\n\r\n", "413 body too large"},
      {chunked + "1;abc\r\n1\r\n1;abc\r\n1\r\n0\r\n\r\n", "POST"},
      {chunked + "1;abc\r\n1\r\n1;abcd\r\n1\r\n0\r\n\r\n", "400 chunk extensions too long"},
      {chunked + "0\r\nA:12345\r\nB:12\r\n\r\n", "POST"},
      {chunked + "0\r\nA:12345\r\nB:123456\r\n\r\n", "431 trailer section too large"},
  };
  for (const auto& [text, expected] : samples) {
    const auto whole = corpus::read_in_pieces(text, 0, limits, true);
    EXPECT_TRUE(whole.starts_with(expected)) << text << " read " << whole;
    for (const auto piece : pieces) {
      EXPECT_EQ(whole, corpus::read_in_pieces(text, piece, limits, true))
          << text << " by " << piece;
    }
  }
}

}  // namespace
}  // namespace samjoko::proto
