#pragma once
// Reads the answers of one connection, however their bytes are cut.

#include <load/plan.hpp>

#include <string_view>

namespace load {

class answer_reader {
 public:
  /// How many answers ended in these bytes; -1: these are not the bytes that were asked for.
  [[nodiscard]] int take(const plan& asked, std::string_view received);
  void reset() { *this = answer_reader(); }

 private:
  [[nodiscard]] int take_echo(const plan& asked, std::string_view received);
  [[nodiscard]] bool take_head(const plan& asked, std::string_view& received);

  std::size_t echoed_ = 0;  // bytes of the request that came back
  std::string head_;
  std::size_t body_left_ = 0;
};

}  // namespace load
