#include <samjoko/base/check.hpp>

#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <samjoko/base/last_words.hpp>
#include <string_view>

namespace samjoko {
namespace {

class line_buffer {
 public:
  void add(std::string_view text) noexcept {
    const auto room = text_.size() - used_;
    const auto count = text.size() < room ? text.size() : room;
    std::memcpy(text_.data() + used_, text.data(), count);
    used_ += count;
  }
  void add(int number) noexcept {
    std::array<char, 12> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    add({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), used_}; }
  void flush() noexcept {
    [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, text_.data(), used_);
  }

 private:
  std::array<char, 512> text_{};
  std::size_t used_ = 0;
};

}  // namespace

void fail_check(const char* condition, const char* why, const char* file, int line) noexcept {
  line_buffer out;
  out.add("CHECK failed: ");
  out.add(why);
  out.add(" (");
  out.add(condition);
  out.add(") at ");
  out.add(file);
  out.add(":");
  out.add(line);
  leave_last_words(out.text());
  out.add("\n");
  out.flush();
  std::abort();
}

}  // namespace samjoko
