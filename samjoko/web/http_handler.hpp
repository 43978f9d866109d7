#pragma once
// Charter: the function behind an HTTP service. It decides what is answered; how the bytes travel
// is decided elsewhere.

#include <concepts>
#include <functional>
#include <samjoko/proto/request.hpp>
#include <samjoko/web/response.hpp>
#include <type_traits>

namespace samjoko::web {

/// A copyable value: `void(const proto::request&, response&)`, which answers at once. It gets an
/// empty answer with status 200. The request's views are valid only during the call: the answer
/// must copy what it keeps of them. Bodies that clients send are read away unseen. One handler
/// serves all threads of a process, so what it captured must be constant or safe to share.
///
/// It is called again for the same request when the file that it answered with was changed before a
/// byte of the answer was sent.
///
/// An exception that leaves it is logged, answered with 500, and ends that connection.
class http_handler {
 public:
  template <class Function>
    requires(!std::same_as<std::remove_cvref_t<Function>, http_handler> &&
             std::is_invocable_r_v<void, const Function&, const proto::request&, response&>)
  http_handler(Function function)  // NOLINT(google-explicit-constructor): a function is a handler
      : function_(std::move(function)) {}

  void operator()(const proto::request& asked, response& answer) const { function_(asked, answer); }

 private:
  std::function<void(const proto::request&, response&)> function_;
};

}  // namespace samjoko::web
