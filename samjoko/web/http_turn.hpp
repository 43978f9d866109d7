#pragma once
// Charter: the part of a turn that never waits: it turns requests that have arrived into answers in
// a buffer. It tells the coroutine around it (http_service.cpp) what must be waited for.

#include <memory>
#include <optional>
#include <samjoko/net/connection.hpp>
#include <samjoko/proto/head_finder.hpp>
#include <samjoko/proto/http1_body.hpp>
#include <samjoko/web/head_copy.hpp>
#include <samjoko/web/http_handler.hpp>
#include <samjoko/web/render.hpp>
#include <string>

namespace samjoko::web {

struct http_settings {
  http_options options;
  http_handler handler;
};

/// An answer that could not be written at once: it is longer than the buffer, or the body of its
/// request has not arrived, or both.
struct late_answer {
  response answer;
  answer_form form;  ///< settled, unless there is a body to read first
  std::optional<proto::body_reader> body;
  std::unique_ptr<head_copy> head;  ///< of a request that asked for a file
  bool aged = false;                ///< something was waited for since the answer was made
  bool stands = false;  ///< it is given though the request's body is too long to be read away
};

/// What to do when answer_ready() returns; before all of them, out() is to be sent.
enum class after {
  keep,
  close,
  more,  ///< a head has begun: receive, and ask again
  late,  ///< see to late(), then ask again
};

class http_turn {
 public:
  http_turn(connection& client, const http_settings& settings) noexcept
      : client_(client), settings_(settings), out_(client.loop().buffers()) {}

  // It runs at each turn, and is small: a call costs more than what it does.
  [[gnu::always_inline]] ~http_turn() = default;

  [[nodiscard]] after answer_ready();
  [[nodiscard]] output& out() noexcept { return out_; }
  [[nodiscard]] bool is_late() const noexcept { return late_ != nullptr; }
  [[nodiscard]] late_answer& late() noexcept { return *late_; }
  [[nodiscard]] const http_settings& settings() const noexcept { return settings_; }

  /// The rest of a head did not come: answers that if an answer is due. Close afterwards.
  void head_failed(const error& why);
  /// The rest of a body failed: answers this in place of the late answer, unless that stands.
  void body_failed(const proto::refusal& why);
  /// The late answer's request was read to its end, so it is known whether it is the last.
  void settle_late() { settle(late_->form); }
  /// Writes the head of the late answer and, if its first stretch is of a file, as much of that as
  /// there is room for. Returns how much of the stretch was written. Until then the answer is made
  /// anew when its file has changed.
  [[nodiscard]] std::uint64_t begin_late();
  /// Something was waited for before the late answer can be begun.
  void late_ages() noexcept { late_->aged = late_->head != nullptr; }
  void late_sent() noexcept;
  /// All is sent, and nothing more will be. Whether the client is read to its end is decided now
  /// and not before: it may have sent something while it took a long answer, and a close with bytes
  /// unread would reset what it has not read yet (RFC 9112 section 9.6).
  void ended() noexcept {
    if (closes_at_once_ && client_.unread().empty()) client_.close_at_once();
  }

 private:
  struct scratch;

  [[nodiscard]] std::string_view with_long_head(std::string_view text);
  void wait_for_head();
  void consume(std::size_t head_size) noexcept { client_.consume(head_size - before_); }
  [[nodiscard]] bool answer_again();
  [[nodiscard]] bool late_again();
  [[nodiscard]] bool decide_again(const head_copy& head, proto::request& asked,
                                  response& answer) const;
  void late_failed();
  void answer_one(std::string_view head, const proto::head_scan& scan);
  void decide(const proto::request& asked, response& answer) const;
  void answer_behind_body(const proto::request& asked, answer_form form, std::size_t head_size);
  void finish(response& answer, answer_form form);
  void be_late(response& answer, const answer_form& form);
  void settle(answer_form& form);
  void refuse(const proto::refusal& why, bool head_only);

  connection& client_;
  const http_settings& settings_;
  output out_;
  proto::head_finder finder_;
  std::unique_ptr<late_answer> late_;
  scratch* scratch_ = nullptr;  ///< while answer_ready() runs
  /// A head that is longer than a block, what is unread included; only while it arrives.
  std::unique_ptr<std::string> long_head_;
  std::size_t before_ = 0;  ///< of the long head, before what is unread
  bool last_ = false;       ///< nothing more will be answered
  bool closes_at_once_ = false;
};

}  // namespace samjoko::web
