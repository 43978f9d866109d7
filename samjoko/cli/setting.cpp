#include <samjoko/cli/setting.hpp>

#include <fmt/format.h>

#include <tuple>

namespace samjoko::cli {

bool comes_before(const problem& one, const problem& other) {
  const auto key = [](const problem& it) {
    return std::tie(it.where.from, it.where.line, it.where.column, it.text);
  };
  return key(one) < key(other);
}

std::string place_of(const origin& where) {
  if (where.file.empty()) return {};
  if (where.line == 0) return where.file + ": ";
  return fmt::format("{}:{}:{}: ", where.file, where.line, where.column);
}

std::string called(const option& what, const origin& where) {
  switch (where.from) {
    case source::file: return place_of(where) + std::string(what.name);
    case source::environment: return variable_of(what);
    case source::built_in:
    case source::flag: break;
  }
  return fmt::format("--{}", what.name);
}

std::string in_the_words_of(const origin& where, std::string words) {
  if (where.from != source::file) return words;
  for (auto at = words.find("--"); at != std::string::npos; at = words.find("--", at))
    words.erase(at, 2);
  return words;
}

}  // namespace samjoko::cli
