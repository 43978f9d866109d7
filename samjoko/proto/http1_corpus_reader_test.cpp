#include <samjoko/proto/head_finder.hpp>
#include <samjoko/proto/http1_body.hpp>
#include <samjoko/proto/http1_parser.hpp>
#include <samjoko/proto/testing/http1_corpus.hpp>

#include <algorithm>

namespace samjoko::proto::corpus {
namespace {

/// Plays a connection: holds the bytes that arrived and are not consumed, and writes down what it
/// read.
class player {
 public:
  player(const http1_limits& limits, bool reasons) : limits_(limits), reasons_(reasons) {}

  /// False when nothing more can be read.
  bool arrive(std::string_view piece) {
    held_.append(piece);
    while (going_ && (in_body_ ? body() : head())) {
    }
    return going_;
  }

  std::string finish() {
    if (going_ && (in_body_ || !held_.empty())) said_ += "more";
    return said_;
  }

 private:
  bool refused(const refusal& because) {
    said_ += std::to_string(because.status);
    if (reasons_) said_.append(" ").append(because.why);
    return going_ = false;
  }

  bool head() {
    const auto scan = finder_.find(held_, limits_);
    if (scan.is == head_scan::state::refused) return refused(scan.because);
    if (scan.is == head_scan::state::need_more) return false;
    // A copy of its own size: a read outside of it is found by the address sanitizer.
    const std::string bytes = held_.substr(scan.skip, scan.size);
    held_.erase(0, scan.skip + scan.size);
    finder_.reset();
    request parsed;
    if (const auto ok = parse_head(bytes, limits_, parsed); !ok) return refused(ok.error());
    line_.assign(parsed.method_text()).append(" ").append(parsed.resource());
    line_.append(parsed.version_minor() == 0 ? " 1.0 " : " 1.1 ").append(parsed.host()).append(" ");
    last_ = !parsed.keep_alive();
    reader_ = body_reader(parsed.body(), limits_.discarded_body_size, limits_);
    return in_body_ = true;
  }

  bool body() {
    const auto step = reader_.feed(held_);
    if (step.is == body_step::state::refused) return refused(step.because);
    line_.append(step.data);
    held_.erase(0, step.consumed);
    if (step.is == body_step::state::more) return !held_.empty();
    said_.append(line_).append(";");
    in_body_ = false;
    if (last_) going_ = false;
    return going_ && !held_.empty();
  }

  const http1_limits& limits_;
  bool reasons_;
  bool going_ = true;
  bool in_body_ = false;
  bool last_ = false;  // the client wants the connection closed behind this message
  head_finder finder_;
  body_reader reader_{{}, 0, {}};
  std::string held_, line_, said_;
};

}  // namespace

std::string read_in_pieces(std::string_view bytes, std::size_t piece, const http1_limits& limits,
                           bool reasons) {
  player reader(limits, reasons);
  const auto size = piece == 0 ? std::max<std::size_t>(bytes.size(), 1) : piece;
  while (!bytes.empty()) {
    if (!reader.arrive(bytes.substr(0, size))) break;
    bytes.remove_prefix(std::min(size, bytes.size()));
  }
  return reader.finish();
}

}  // namespace samjoko::proto::corpus
