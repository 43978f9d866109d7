#include <samjoko/operate/json_text.hpp>

#include <samjoko/log/line.hpp>

namespace samjoko::operate {

std::string json_string(std::string_view text) {
  // A piece of which every byte is escaped still fits into a line (RFC 8259: six bytes for one). A
  // piece ends before a byte that begins a character.
  constexpr std::size_t piece = 512;
  std::string made = "\"";
  while (!text.empty()) {
    auto length = std::min(piece, text.size());
    for (int back = 0; back < 3 && length < text.size(); ++back) {
      if ((static_cast<unsigned char>(text[length]) & 0xc0) != 0x80) break;
      --length;
    }
    log::line line;
    line.add_json(text.substr(0, length));
    const auto whole = line.finish();
    made += whole.substr(0, whole.size() - 1);
    text.remove_prefix(length);
  }
  return made + "\"";
}

}  // namespace samjoko::operate
