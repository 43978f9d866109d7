#include <samjoko/postmortem/death_log.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <new>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/clock.hpp>
#include <samjoko/postmortem/death_text.hpp>

namespace samjoko::postmortem {
namespace {

constexpr milliseconds storm_window{10'000};

/// Belongs to the calling process: deaths that its parent counted are the parent's to tell.
struct told_deaths {
  std::size_t burst = death_storm::usual_burst;
  death_storm storm;
  pid_t owner = 0;
};

told_deaths& of_this_process() {
  alignas(told_deaths) static std::array<std::byte, sizeof(told_deaths)> place;
  static auto* const told = new (place.data()) told_deaths;  // never destroyed, as the log is not
  if (const auto own = ::getpid(); told->owner != own) {
    told->storm = death_storm(told->burst);
    told->owner = own;
  }
  return *told;
}

void write_lines(const std::vector<std::string>& lines) {
  for (const auto& line : lines) log::warning(log::every("deaths"), "{}", line);
}

bool say_what_is_due() noexcept {
  auto& storm = of_this_process().storm;
  write_lines(storm.take_lines(steady::now()));
  return storm.lasts();
}

}  // namespace

void tell_deaths_in_full(std::size_t burst) noexcept {
  auto& told = of_this_process();
  told.burst = burst;
  told.storm = death_storm(burst);
}

void log_death(const death_record& dead) noexcept {
  if (!of_this_process().storm.tells(dead, steady::now()))
    return log::process_log().hold_back(say_what_is_due);
  log_death_in_full(dead);
}

void log_death_in_full(const death_record& dead) noexcept {
  const auto text = as_sentence(dead);
  const auto level =
      dead.cause == death_cause::signal && dead.exited ? log::level::notice : log::level::warning;
  log::process_log().write(level, log::every("worker end"), "{}", fmt::make_format_args(text));
}

void log_deaths_held_back() noexcept {
  write_lines(of_this_process().storm.take_lines(steady::now(), true));
}

std::vector<storm_of_deaths> storms_now(const death_ring& ring) {
  if (ring.count() <= death_storm::usual_burst) return {};
  const auto now = std::chrono::duration_cast<milliseconds>(os::wall_now().time_since_epoch());
  return storms_in(ring.all(), now.count(), storm_window.count(), death_storm::usual_burst);
}

bool is_in_storm_of_deaths() noexcept { return of_this_process().storm.lasts(); }

}  // namespace samjoko::postmortem
