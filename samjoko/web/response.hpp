#pragma once
// Charter: what a handler answers. Date, Content-Length and Connection are added when the answer is
// sent. The answer to HEAD is the same without its body; the handler need not care.

#include <cstdint>
#include <memory>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/web/body_source.hpp>
#include <samjoko/web/brief_text.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::web {

/// An open regular file that answers are sent from. The answers under way and the cache that keeps
/// it open share it, all on one thread.
struct content_file {
  static constexpr std::uint64_t unknown = UINT64_MAX;

  os::descriptor descriptor;
  /// When it is known, a file that turns out longer is noticed too.
  std::uint64_t size = unknown;
  /// Set when the file turned out to be of another size than when the answer was made: open it
  /// anew.
  mutable bool changed = false;
};

class response {
 public:
  /// One stretch of a body: text, or bytes of the file.
  struct piece {
    std::string_view text;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    bool of_file = false;
  };

  /// From 200 to 599; 200 if never called.
  void status(int code) noexcept { status_ = code; }
  /// `name` is a literal; `value` may come from a client. A value with a control byte would split
  /// the answer, so it turns the whole answer into a 500.
  void field(std::string_view name, std::string_view value);
  /// Whole lines with their ends, prepared and known to be right.
  void lines(std::string_view prepared) { fields_.append(prepared); }
  void content_type(std::string_view value) { field("Content-Type", value); }

  /// `lasting` must stay in place as long as the service: a literal, or a member of its own.
  void body(std::string_view lasting) noexcept;
  void body(const char* literal) noexcept { body(std::string_view(literal)); }
  void body(std::string own) noexcept;
  /// `size` bytes of the file, which must have that many behind `offset`.
  void body(std::shared_ptr<const content_file> file, std::uint64_t offset, std::uint64_t size);
  /// `begun` is the beginning; `rest` makes the rest while it is sent. Without a rest it is an
  /// ordinary body.
  void body(std::string begun, std::unique_ptr<body_source> rest) noexcept;
  /// Adds a text to a body of several stretches of one file, each behind a text: begin with
  /// body(file, 0, 0).
  void add_text(std::string_view copied);
  void add_file(std::uint64_t offset, std::uint64_t size);

  /// A short text/plain page that names the status, and says why if that is known. Replaces any
  /// body.
  void plain(int code, std::string_view why = {});
  /// No request is answered after this one on the same connection.
  void close() noexcept { keeps_ = false; }

  // For the code that sends the answer.
  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] std::string_view fields() const noexcept { return fields_.view(); }
  [[nodiscard]] bool well_formed() const noexcept { return well_formed_; }
  [[nodiscard]] bool keeps() const noexcept { return keeps_; }
  [[nodiscard]] bool may_have_body() const noexcept { return status_ != 204 && status_ != 304; }
  /// Set for a body whose size is not known yet; the only stretch of it is what has begun.
  [[nodiscard]] body_source* source() const noexcept { return source_.get(); }
  [[nodiscard]] std::uint64_t body_size() const noexcept { return size_; }
  [[nodiscard]] std::size_t piece_count() const noexcept {
    return parts_.empty() ? (size_ == 0 ? 0 : 1) : parts_.size();
  }
  [[nodiscard]] piece piece_at(std::size_t index) const noexcept;
  [[nodiscard]] const content_file* file() const noexcept { return file_.get(); }
  /// Makes it empty, keeping its memory.
  void clear() noexcept;

 private:
  struct part {  // of own_ or of the file
    std::uint64_t offset, size;
    bool of_file;
  };

  brief_text fields_;
  std::string own_;
  std::string_view lasting_;
  std::shared_ptr<const content_file> file_;
  std::unique_ptr<body_source> source_;
  std::vector<part> parts_;
  std::uint64_t offset_ = 0;
  std::uint64_t size_ = 0;
  int status_ = 200;
  bool well_formed_ = true;
  bool keeps_ = true;
};

}  // namespace samjoko::web
