#include <samjoko/log/format.hpp>

#include <array>

namespace samjoko::log {
namespace {

constexpr std::array<std::string_view, 5> level_names = {"debug", "info", "notice", "warning",
                                                         "error"};
constexpr std::array<std::string_view, 5> journal_prefixes = {"<7>", "<6>", "<5>", "<4>", "<3>"};

template <class Name>
std::string_view by_level(const Name& names, level level) noexcept {
  return names[static_cast<std::size_t>(level)];
}

std::string_view compose_json(line& line, const record& record) {
  line.add(R"({"time":")");
  line.add_time(record.when);
  line.add(R"(","level":")");
  line.add(name_of(record.level));
  line.add(R"(","pid":)");
  line.add_number(record.pid);
  line.add(R"(,"worker":")");
  line.add_json(record.who);
  line.add(R"(","kind":")");
  line.add_json(record.kind);
  if (record.held_back != 0) {
    line.add(R"(","held_back":)");
    line.add_number(record.held_back);
    line.add(R"(,"message":")");
  } else {
    line.add(R"(","message":")");
  }
  line.add_json(record.message);
  return line.finish(R"("})");
}

}  // namespace

std::string_view name_of(level level) noexcept { return by_level(level_names, level); }

std::string_view compose(line& room, format format, const record& record) {
  if (format == format::json) return compose_json(room, record);
  if (format == format::journald) {
    room.add(by_level(journal_prefixes, record.level));
  } else {
    room.add_time(record.when);
    room.add(" ");
    room.add(name_of(record.level));
    room.add(" ");
  }
  room.add_number(record.pid);
  if (!record.who.empty()) room.add(" ");
  room.add_escaped(record.who);
  room.add(": ");
  room.add_escaped(record.message);
  if (record.held_back != 0) {
    room.add(" (and ");
    room.add_number(record.held_back);
    room.add(" more like this)");
  }
  return room.finish();
}

}  // namespace samjoko::log
