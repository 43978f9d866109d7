#pragma once
// Charter: what std::terminate() knows and a signal handler cannot ask for: the type and the
// message of an exception that was not caught, kept as last words (base/last_words.hpp).

namespace samjoko::postmortem {

/// By std::set_terminate; the handler that was set before is called afterwards. Ordinary code, run
/// by the thread that threw, before abort() raises its signal.
void keep_uncaught_exceptions() noexcept;

}  // namespace samjoko::postmortem
