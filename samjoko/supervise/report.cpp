#include <samjoko/supervise/report.hpp>

#include <string>

#include <fmt/format.h>
#include <samjoko/log/writer.hpp>

namespace samjoko::supervise {
namespace {

std::string in_words(setback why, const plan_settings& settings) {
  switch (why) {
    case setback::none: return "it was given up";
    case setback::fork: return "no process could be made for it";
    case setback::boot: return "it failed to start, before it was ready";
    case setback::settling:
      return fmt::format("it ended within {} ms after it was ready", settings.stable_after.count());
    case setback::rate:
      return "workers of its group that had served clients end faster than they may be replaced "
             "(--replace-rate)";
  }
  return {};
}

}  // namespace

void report(const action& told, std::string_view who, const plan_settings& settings) {
  switch (told.what) {
    case action::kind::report_scale:
      return log::notice(log::every("scale"), "workers wanted now: {}", told.code);
    case action::kind::report_delay:
      return log::notice(log::every("drain delay"),
                         "stopping: clients are still accepted for {} ms (--drain-delay); "
                         "a second order ends that",
                         told.delay.count());
    case action::kind::report_backoff:
      if (told.why == setback::rate)  // at that rate, no news
        return log::notice("replace rate", "{} is started again in {} ms: {}", who,
                           told.delay.count(), in_words(told.why, settings));
      return log::notice(log::every("back-off"), "{} is started again in {} ms: {}", who,
                         told.delay.count(), in_words(told.why, settings));
    case action::kind::report_failed:
      return log::error(log::every("failed"),
                        "{} has failed: it ended {} times within {} s before it had worked for "
                        "{} ms or served a client, the last time {}; it is not started again",
                        who, settings.failures_to_give_up, settings.failure_window.count() / 1000,
                        settings.stable_after.count(),
                        told.why == setback::boot ? "before it was ready" : "soon after");
    case action::kind::report_disabled:
      return log::warning(log::every("disabled"), "{} asked not to be started again", who);
    case action::kind::report_boot:
      return log::warning(log::every("boot"), "{} is not ready after {} ms: it is ended", who,
                          settings.boot_limit.count());
    case action::kind::report_overrun:
      return log::warning(log::every("overrun"),
                          "{} is not done after {} ms: its connections are cut", who,
                          settings.drain_limit.count());
    default: return;
  }
}

}  // namespace samjoko::supervise
