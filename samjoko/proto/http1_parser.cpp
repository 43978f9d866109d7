#include <samjoko/proto/http1_parser.hpp>

#include <samjoko/proto/request_builder.hpp>
#include <samjoko/proto/request_line.hpp>

#include <boost/beast/http/basic_parser.hpp>

namespace samjoko::proto {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using beast_view = boost::beast::string_view;

std::string_view view(beast_view text) noexcept { return {text.data(), text.size()}; }

known_field known(http::field name) noexcept {
  switch (name) {
    case http::field::host: return known_field::host;
    case http::field::content_length: return known_field::content_length;
    case http::field::transfer_encoding: return known_field::transfer_encoding;
    case http::field::connection: return known_field::connection;
    case http::field::expect: return known_field::expect;
    case http::field::range: return known_field::range;
    case http::field::if_match: return known_field::if_match;
    case http::field::if_none_match: return known_field::if_none_match;
    case http::field::if_modified_since: return known_field::if_modified_since;
    case http::field::if_unmodified_since: return known_field::if_unmodified_since;
    case http::field::if_range: return known_field::if_range;
    case http::field::accept: return known_field::accept;
    case http::field::accept_encoding: return known_field::accept_encoding;
    case http::field::upgrade: return known_field::upgrade;
    case http::field::user_agent: return known_field::user_agent;
    default: return known_field::none;
  }
}

/// What Beast refuses by itself: it looks at framing fields before the builder sees them.
refusal explain(const error_code& ec) noexcept {
  switch (static_cast<http::error>(ec.value())) {
    case http::error::bad_content_length:
    case http::error::multiple_content_length: return {400, "invalid Content-Length"};
    case http::error::bad_transfer_encoding: return {400, "invalid Transfer-Encoding"};
    case http::error::bad_field: return {400, "invalid header field name"};
    case http::error::bad_value: return {400, "invalid header field value"};
    case http::error::bad_line_ending: return {400, "carriage return without line feed"};
    case http::error::header_limit: return {400, "folded header line"};
    default: return {400, "malformed header"};
  }
}

/// Beast splits and validates the header lines; everything it reports goes to the builder.
class field_reader final : public http::basic_parser<true> {
 public:
  explicit field_reader(request_builder& out) noexcept : out_(out) {
    header_limit(head_size_cap + 1);
    body_limit(boost::none);
  }

  std::expected<void, refusal> read(std::string_view fields) {
    // Beast gets a request line that it cannot misread; the real line was judged before
    // (request_line).
    static constexpr std::string_view line = "X / HTTP/1.1\r\n";
    error_code ec;
    put(boost::asio::const_buffer(line.data(), line.size()), ec);
    const auto used = put(boost::asio::const_buffer(fields.data(), fields.size()), ec);
    if (fault_.status != 0) return std::unexpected(fault_);
    if (ec) return std::unexpected(explain(ec));
    if (used != fields.size()) return std::unexpected(refusal{400, "more than one head"});
    return {};
  }

 private:
  void on_field_impl(http::field name, beast_view text, beast_view value, error_code& ec) override {
    const auto verdict = out_.field(known(name), view(text), view(value));
    if (verdict) return;
    fault_ = verdict.error();
    ec = http::error::bad_field;
  }
  void on_request_impl(http::verb, beast_view, beast_view, int, error_code&) override {}
  void on_response_impl(int, beast_view, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_finish_impl(error_code&) override {}
  // Bodies are read by body_reader: put() is never given a byte behind the head.
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast_view, error_code&) override { return 0; }

  request_builder& out_;
  refusal fault_{0, {}};
};

}  // namespace

std::expected<void, refusal> parse_head(std::string_view head, const http1_limits& limits,
                                        request& out) {
  if (head.size() > head_size_cap || head.size() > limits.head_size) {
    return std::unexpected(refusal{431, "request head too large"});
  }
  const auto line = parse_request_line(head, limits);
  if (!line) return std::unexpected(line.error());
  request_builder builder(head, limits, out);
  builder.line(*line);
  field_reader reader(builder);
  if (auto fields = reader.read(head.substr(line->size)); !fields) return fields;
  return builder.finish();
}

}  // namespace samjoko::proto
