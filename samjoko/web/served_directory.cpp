#include <samjoko/web/served_directory.hpp>

#include <fcntl.h>

#include <atomic>
#include <samjoko/os/clock.hpp>
#include <samjoko/os/thread_id.hpp>

namespace samjoko::web {
namespace {

constinit std::atomic<std::uint64_t> made = 0;

}  // namespace

result<std::shared_ptr<served_directory>> served_directory::make(const std::string& path,
                                                                 proto::media_types types) {
  const auto trial = os::open_directory(path);
  if (!trial) return std::unexpected(trial.error());
  auto absolute = os::absolute_path(path);
  if (!absolute) return failure_of(absolute);
  return std::make_shared<served_directory>(std::move(*absolute), std::move(types));
}

served_directory::served_directory(std::string absolute_path, proto::media_types types) noexcept
    : path_(std::move(absolute_path)), types_(std::move(types)), id_(++made) {}

bool served_directory::is_current() const {
  const auto now = os::facts_at(AT_FDCWD, path_.c_str());
  return now && now->device == facts_.device && now->number == facts_.number;
}

result<std::shared_ptr<const os::descriptor>> served_directory::open() {
  auto opened = open_within();
  if (opened) upkeep::begin();
  return opened;
}

result<std::shared_ptr<const os::descriptor>> served_directory::open_within() {
  const std::lock_guard lock(mutex_);
  const auto now = os::coarse_now();
  const auto process = os::current_thread_id().process;
  used_ = now;
  if (owner_ != process) {
    // A forked child closes what it inherits, and another file may have the number by now.
    if (opened_) static_cast<void>(opened_->release());
    opened_.reset();
    owner_ = process;
  }
  if (opened_ && now - checked_ < staleness) return opened_;
  checked_ = now;
  if (opened_ && is_current()) return opened_;
  auto fresh = os::open_directory(path_);
  if (!fresh) return failure_of(fresh);
  const auto facts = os::facts_of(fresh->get());
  if (!facts) return std::unexpected(facts.error());
  facts_ = *facts;
  opened_ = std::make_shared<os::descriptor>(std::move(*fresh));
  return opened_;
}

bool served_directory::close_unused(steady::time_point now) noexcept {
  const std::lock_guard lock(mutex_);
  if (owner_ != os::current_thread_id().process) return false;
  if (now - used_ >= unused_time && opened_.use_count() == 1) opened_.reset();
  return opened_ != nullptr;
}

}  // namespace samjoko::web
