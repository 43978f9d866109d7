#include <samjoko/postmortem/death_claim.hpp>

#include <algorithm>
#include <type_traits>

#include <fmt/format.h>

namespace samjoko::postmortem {
namespace {

/// A number that another process wrote, as one of the names that exist.
template <class Enum>
Enum one_of(Enum written, Enum last) noexcept {
  using number = std::underlying_type_t<Enum>;
  return static_cast<number>(written) <= static_cast<number>(last) ? written : Enum{};
}

void doubt(death_record& record, std::uint32_t worker, const char* why) {
  record.cause = death_cause::unknown;
  record.sure = certainty::unknown;
  record.message.assign(
      fmt::format("(the record that worker {} left contradicts {})", worker, why));
}

/// Keeps the limits that end a client's process, and no other.
void keep_to_an_end(death_record& record) noexcept {
  if (record.exited) {
    record.signal = 0;
    record.core_dumped = false;
  } else {
    record.code = 0;
  }
  record.age_ms = std::max<std::int64_t>(record.age_ms, -1);
  record.user_us = std::max<std::int64_t>(record.user_us, 0);
  record.system_us = std::max<std::int64_t>(record.system_us, 0);
  record.most_memory_kib = std::max<std::int64_t>(record.most_memory_kib, 0);
  record.limit_ms = std::max<std::int64_t>(record.limit_ms, 0);
  record.merely_open = std::max<std::int64_t>(record.merely_open, -1);
}

}  // namespace

death_record believed(const death_record& claimed, const death_report& common, std::size_t captures,
                      std::int64_t now_ms, bool pid_can_be_its) {
  auto record = claimed;
  if (claimed.role != death_role::pool_process && claimed.role != death_role::orphan)
    record.role = death_role::client_process;
  record.cause = one_of(claimed.cause, death_cause::signal);
  record.sure = one_of(claimed.sure, certainty::proved);
  record.limit = one_of(claimed.limit, own_limit::left);
  record.worker = common.worker;
  record.generation = common.generation;
  record.title.clear();
  record.model.assign(common.model);
  record.service.assign(common.service);
  record.cgroup.assign(common.memory_counter.substr(0, common.memory_counter.rfind('/')));
  if (record.when_ms <= 0 || record.when_ms > now_ms) record.when_ms = now_ms;
  if (record.capture > captures) record.capture = 0;
  keep_to_an_end(record);
  if (!record.exited && (record.signal < 1 || record.signal > 64)) {
    record.capture = 0;
    doubt(record, common.worker, "itself: no signal and no exit code ended it");
  } else if (record.pid <= 0 || !pid_can_be_its) {
    record.capture = 0;
    doubt(record, common.worker, "what is known: that process is none that it can have reaped");
  }
  return record;
}

}  // namespace samjoko::postmortem
