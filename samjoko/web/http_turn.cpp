#include <samjoko/web/http_turn.hpp>

#include <array>
#include <cerrno>
#include <exception>
#include <samjoko/log/writer.hpp>
#include <samjoko/proto/http1_parser.hpp>
#include <samjoko/scoreboard/thread_slot.hpp>

namespace samjoko::web {
namespace {

using proto::http_method;

/// How often an answer is made when its file changes each time before it is read.
constexpr int most_tries = 4;

bool reads(http_method method) noexcept {
  return method == http_method::get || method == http_method::head;
}

}  // namespace

/// Too large for a frame, and needed only between two waits: borrowed from the pool of frames.
struct http_turn::scratch {
  proto::request asked;
  response answer;
  std::unique_ptr<head_copy> kept;  ///< of the head that asked for a file

  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept {
    frame_pool::release(memory, size);
  }
};

after http_turn::answer_ready() {
  const auto borrowed = std::make_unique_for_overwrite<scratch>();
  scratch_ = borrowed.get();
  while (!last_) {
    const auto came = as_text(client_.unread());
    const auto text = long_head_ ? with_long_head(came) : came;
    if (text.empty()) return after::keep;
    const auto scan = finder_.find(text, settings_.options.limits);
    if (scan.is == proto::head_scan::state::need_more) {
      wait_for_head();
      return after::more;
    }
    if (!client_.current_deadline().is_never()) client_.set_deadline(deadline::never());
    if (scan.is == proto::head_scan::state::refused) {
      refuse(scan.because, text.starts_with("HEAD "));
      break;
    }
    finder_.reset();
    answer_one(text.substr(scan.skip, scan.size), scan);
    if (long_head_) [[unlikely]] {
      long_head_.reset();
      before_ = 0;
    }
    if (late_) return after::late;
  }
  return after::close;
}

/// What came of the next head, in one piece.
std::string_view http_turn::with_long_head(std::string_view text) {
  before_ = long_head_->size();
  return long_head_->append(text);
}

/// A head that fills its block goes on in memory of its own, where the options allow it to be
/// longer.
void http_turn::wait_for_head() {
  const auto text = as_text(client_.unread());
  if (!long_head_) {
    const bool fills = text.size() == io::buffer_pool::block_size;
    if (!fills || settings_.options.limits.head_size <= text.size()) return;
    long_head_ = std::make_unique<std::string>(text);
  }
  client_.consume(text.size());
}

void http_turn::answer_one(std::string_view head, const proto::head_scan& scan) {
  auto& asked = scratch_->asked;
  auto& answer = scratch_->answer;
  scoreboard::mark_request(head.substr(0, scan.line_size));
  const auto parsed = proto::parse_head(head, settings_.options.limits, asked);
  if (!parsed) return refuse(parsed.error(), head.starts_with("HEAD "));
  answer.clear();
  decide(asked, answer);
  // In HTTP/1.0 a body of unknown size ends with its connection.
  const bool ends_itself = answer.source() == nullptr || asked.version_minor() > 0;
  const answer_form form{.version_minor = asked.version_minor(),
                         .head_only = asked.method() == http_method::head,
                         .keep = asked.keep_alive() && answer.keeps() && ends_itself,
                         .at_once = !asked.keep_alive()};
  scratch_->kept.reset();
  if (answer.file() != nullptr) scratch_->kept = std::make_unique<head_copy>(head);
  if (asked.body().by != proto::body_framing::kind::none)
    return answer_behind_body(asked, form, scan.skip + scan.size);
  consume(scan.skip + scan.size);
  finish(answer, form);
}

/// The file behind the answer changed between the look at it and the reading, and nothing of the
/// answer was sent. So the answer is made anew from the present file. False when that is not
/// possible.
bool http_turn::answer_again() {
  auto& [asked, answer, kept] = *scratch_;
  return kept && decide_again(*kept, asked, answer);
}

bool http_turn::decide_again(const head_copy& head, proto::request& asked, response& answer) const {
  if (!proto::parse_head(head.view(), settings_.options.limits, asked)) return false;
  answer.clear();
  decide(asked, answer);
  return answer.keeps();
}

/// The body is read away before the answer leaves, so that a client which sends all before it reads
/// cannot block both sides. A client that waits for 100 (Continue) is answered instead. Whether its
/// body still comes is then unknown, so the connection ends (RFC 9110 section 10.1.1).
void http_turn::answer_behind_body(const proto::request& asked, answer_form form,
                                   std::size_t head_size) {
  auto& answer = scratch_->answer;
  const auto& limits = settings_.options.limits;
  proto::body_reader body(asked.body(), limits.discarded_body_size, limits);
  const auto step = body.discard(as_text(client_.unread()).substr(head_size - before_));
  // A client that is refused whatever its body says is told that, not how long a body may be.
  const bool stands = !reads(asked.method());
  const bool continues = asked.expects_continue();
  consume(head_size + step.consumed);
  if (step.is == proto::body_step::state::done) return finish(answer, form);
  if (step.is == proto::body_step::state::more && !continues) {
    be_late(answer, form);
    late_->body = body;
    late_->stands = stands;
    return;
  }
  const bool too_long = step.because.status == 413;
  if (step.is == proto::body_step::state::refused && !(too_long && stands))
    return refuse(step.because, form.head_only);
  form.keep = form.at_once = false;
  finish(answer, form);
}

void http_turn::decide(const proto::request& asked, response& answer) const {
  if (settings_.options.only_reads && !reads(asked.method())) {
    answer.field("Allow", "GET, HEAD");
    if (asked.method() == http_method::options && asked.resource() == "*") {
      return answer.status(204);
    }
    return answer.plain(405);
  }
  try {
    settings_.handler(asked, answer);
    if (answer.well_formed()) return;
    log::error("handler", "an HTTP handler made a header field with control bytes");
  } catch (const std::exception& thrown) {
    log::error("handler", "an HTTP handler threw, its client is closed: {}", thrown.what());
  } catch (...) {
    log::error("handler", "an HTTP handler threw, its client is closed");
  }
  answer.clear();
  answer.plain(500);
  answer.close();
}

/// Decides whether this is the last answer. When the server stops it is, unless more of the
/// client's bytes have reached our kernel: their request has begun before the client was told of
/// the close.
void http_turn::settle(answer_form& form) {
  if (form.keep && client_.stop_requested() && client_.unread().empty()) {
    if (auto last = client_.receive_now()) {
      client_.put_unread(std::move(*last));
    } else {
      form.keep = form.at_once = false;
    }
  }
  if (form.keep) return;
  last_ = true;
  closes_at_once_ = form.at_once;
}

void http_turn::finish(response& answer, answer_form form) {
  settle(form);
  auto longer = longer_file::is_changed;
  for (int tries = 1; !append_answer(out_, answer, form, settings_.options, longer); ++tries) {
    const bool changed = answer.file() != nullptr && answer.file()->changed;
    const bool again = changed && tries < most_tries && &answer == &scratch_->answer;
    if (!again || !answer_again()) return be_late(answer, form);
    if (tries + 1 == most_tries) longer = longer_file::will_do;
  }
}

void http_turn::be_late(response& answer, const answer_form& form) {
  const bool of_request = &answer == &scratch_->answer;
  late_ = std::make_unique<late_answer>(std::move(answer), form, std::nullopt,
                                        of_request ? std::move(scratch_->kept) : nullptr);
}

bool http_turn::late_again() {
  if (!late_->head) return false;
  const auto borrowed = std::make_unique_for_overwrite<scratch>();
  return decide_again(*late_->head, borrowed->asked, late_->answer);
}

std::uint64_t http_turn::begin_late() {
  auto& [answer, form, body, head, aged, stands] = *late_;
  if (aged && !late_again()) late_failed();
  for (int tries = 1;; ++tries) {
    const auto longer = tries < most_tries ? longer_file::is_changed : longer_file::will_do;
    const bool has_body = !form.head_only && answer.may_have_body() && answer.piece_count() > 0;
    if (append_head(out_, answer, form, settings_.options)) {
      const auto first = has_body ? answer.piece_at(0) : response::piece{};
      const auto begun = first.of_file ? append_file(out_, answer, first, longer) : 0;
      if (begun >= 0) return static_cast<std::uint64_t>(begun);
      out_.clear();
    }
    const bool changed = answer.file() != nullptr && answer.file()->changed;
    if (!changed || tries >= most_tries || !late_again()) late_failed();
  }
}

/// An answer that was longer than the buffer may still be on its way, and a close at once could
/// reset it.
void http_turn::late_sent() noexcept {
  const auto& answer = late_->answer;
  if (answer.source() != nullptr || answer.body_size() > io::buffer_pool::block_size)
    closes_at_once_ = false;
  late_.reset();
}

void http_turn::late_failed() {
  auto& answer = late_->answer;
  const bool changed = answer.file() != nullptr && answer.file()->changed;
  log::warning("http", "an answer cannot be made: {}",
               changed ? "its file changes all the time" : "its head is too long");
  answer.clear();
  if (changed) answer.field("Retry-After", "1");
  answer.plain(changed ? 503 : 500);
  late_->form.keep = false;
  last_ = true;
}

/// It is unknown where the next request would begin, so this is the last answer. The client is
/// given the time to read it (RFC 9112 section 9.6).
void http_turn::refuse(const proto::refusal& why, bool head_only) {
  response answer;
  answer.plain(why.status, why.why);
  finish(answer, {.head_only = head_only, .keep = false});
}

void http_turn::head_failed(const error& why) {
  last_ = true;
  if (why.is(EMSGSIZE)) return refuse({431, "request head too large"}, false);
  if (why.is(ETIMEDOUT) && finder_.begun()) refuse({408, "the head came too slowly"}, false);
}

void http_turn::body_failed(const proto::refusal& why) {
  if (why.status == 413 && late_->stands) {
    late_->form.keep = late_->form.at_once = false;
    last_ = true;
    return;
  }
  const bool head_only = late_->form.head_only;
  late_.reset();
  refuse(why, head_only);
}

}  // namespace samjoko::web
