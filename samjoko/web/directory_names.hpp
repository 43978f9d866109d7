#pragma once
// Charter: the names in a directory, sorted, in little memory: one text that holds them all.

#include <cstdint>
#include <samjoko/os/directory.hpp>
#include <string>
#include <vector>

namespace samjoko::web {

struct directory_limits {
  /// How many names there may be, hidden ones included. Above: condition::too_long.
  std::size_t entries = 100'000;
  /// How many bytes they may have in all, their ends included.
  std::size_t bytes = std::size_t{16} << 20;
};

class directory_names {
 public:
  /// All names but those that begin with a dot: directories first, then by their bytes. A link
  /// counts as a link, and not as what it leads to.
  [[nodiscard]] static result<directory_names> read(int directory, const directory_limits& limits);

  [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }
  [[nodiscard]] const char* operator[](std::size_t index) const noexcept {
    return text_.data() + places_[index].at;
  }

 private:
  struct place {
    std::uint32_t at = 0;
    bool is_file = false;
  };

  std::string text_;  ///< each with a NUL at its end
  std::vector<place> places_;
};

}  // namespace samjoko::web
