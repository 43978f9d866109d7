#pragma once
// Charter: what std::terminate() knows and a signal handler cannot ask for: the type and the
// message of the exception that nobody caught, kept as last words (base/last_words.hpp).

namespace samjoko::os {

/// By std::set_terminate; the handler that was there is called afterwards. Ordinary code, run by
/// the thread that threw, before abort() raises its signal.
void keep_uncaught_exceptions() noexcept;

}  // namespace samjoko::os
