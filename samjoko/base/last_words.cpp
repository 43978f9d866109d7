#include <samjoko/base/last_words.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>

namespace samjoko {
namespace {

constinit std::array<char, 511> words{};
constinit std::atomic<bool> taken = false;
constinit std::atomic<std::size_t> length = 0;

}  // namespace

void leave_last_words(std::string_view text) noexcept {
  if (taken.exchange(true)) return;
  const auto count = std::min(text.size(), words.size());
  std::memcpy(words.data(), text.data(), count);
  length.store(count, std::memory_order_release);
}

std::string_view last_words() noexcept {
  return {words.data(), length.load(std::memory_order_acquire)};
}

}  // namespace samjoko
