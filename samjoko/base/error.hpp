#pragma once
// Charter: what went wrong in the world outside, as a value: which call, on what, and why. It is
// cheap to make and to move; the sentence is formatted only when it is asked for.

#include <string>
#include <string_view>

namespace samjoko {

/// Conditions that have no errno. They share its number space, far above it (man 3 errno).
enum class condition : int {
  end_of_stream = 10001,  ///< the peer finished sending; not a fault
  too_long,               ///< a line, a head or a body passed its limit
  too_slow,               ///< the peer stayed below the minimum rate
  stopping,               ///< this server is stopping and no request had begun
  malformed,              ///< bytes that do not follow the protocol
  bad_argument,           ///< text from a person that cannot be understood
  unknown_host,           ///< the name servers know no address of that name
  no_name_server,         ///< none of the name servers answered, or none could
};

class error {
 public:
  /// `call` must outlive the error: a literal naming the system call or operation.
  error(int code, const char* call, std::string on = {}) noexcept
      : code_(code), call_(call), on_(std::move(on)) {}
  error(condition what, const char* call, std::string on = {}) noexcept
      : error(static_cast<int>(what), call, std::move(on)) {}

  /// An errno, or the number of a condition.
  [[nodiscard]] int code() const noexcept { return code_; }
  [[nodiscard]] const char* call() const noexcept { return call_; }
  [[nodiscard]] const std::string& on() const noexcept { return on_; }
  [[nodiscard]] bool is(condition what) const noexcept { return code_ == static_cast<int>(what); }
  [[nodiscard]] bool is(int code) const noexcept { return code_ == code; }

  /// "bind 127.0.0.1:80: Permission denied"
  [[nodiscard]] std::string sentence() const;

 private:
  int code_;
  const char* call_;
  std::string on_;
};

/// The reason alone, for an errno or a condition: "Permission denied", "end of stream".
[[nodiscard]] std::string reason(int code);

}  // namespace samjoko
