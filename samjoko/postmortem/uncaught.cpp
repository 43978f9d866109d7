#include <samjoko/postmortem/uncaught.hpp>

#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string_view>
#include <typeinfo>

#include <samjoko/base/last_words.hpp>
#include <samjoko/postmortem/demangle.hpp>

namespace samjoko::postmortem {
namespace {

constinit std::terminate_handler before = nullptr;

class words {
 public:
  void add(std::string_view text) noexcept {
    const auto count = std::min(text.size(), text_.size() - used_);
    std::memcpy(text_.data() + used_, text.data(), count);
    used_ += count;
  }
  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), used_}; }

 private:
  std::array<char, 511> text_{};
  std::size_t used_ = 0;
};

void add_type(words& out, const std::type_info& type) noexcept {
  const auto name = demangled(type.name());
  out.add(name ? name.get() : type.name());
}

void add_message(words& out) noexcept {
  try {
    throw;
  } catch (const std::exception& thrown) {
    out.add(": ");
    out.add(thrown.what());
  } catch (...) {
    return;  // only what has a what() has a message
  }
}

[[noreturn]] void keep_and_abort() noexcept {
  words out;
  if (const auto* type = abi::__cxa_current_exception_type()) {
    out.add("uncaught exception ");
    add_type(out, *type);
    add_message(out);
  } else {
    out.add("std::terminate() without an exception");
  }
  leave_last_words(out.text());
  if (before != nullptr) before();
  std::abort();
}

}  // namespace

void keep_uncaught_exceptions() noexcept {
  const auto found = std::set_terminate(&keep_and_abort);
  if (found != &keep_and_abort) before = found;
}

}  // namespace samjoko::postmortem
