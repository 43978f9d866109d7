#include <samjoko/postmortem/black_box.hpp>

#include <samjoko/base/check.hpp>
#include <utility>

namespace samjoko::postmortem {

result<std::unique_ptr<black_boxes>> black_boxes::make(std::size_t workers) {
  auto made = std::make_unique<black_boxes>();
  auto ring = death_ring::make();
  auto told = os::shared_cells<std::atomic<std::uint64_t>>::make(1);
  if (!ring) return failure_of(ring);
  if (!told) return failure_of(told);
  made->told_as_out_of_memory_ = std::move(*told);
  made->own_.deaths = std::move(*ring);
  made->own_.deaths.keep_from_children();
  made->own_.told_as_out_of_memory = made->told_as_out_of_memory_.cells().data();
  made->areas_.resize(workers);
  made->boxes_.resize(workers);
  return made;
}

result<void> black_boxes::open(std::size_t worker) {
  SAMJOKO_CHECK(worker >= 1 && worker <= boxes_.size(), "workers are numbered from 1");
  if (boxes_[worker - 1] != nullptr) return {};
  auto made = std::make_unique<area>();
  auto ring = death_ring::make(deaths_to_tell);
  auto captures = os::shared_cells<capture_slot>::make(captures_at_once);
  auto cells = os::shared_cells<scoreboard::thread_slot>::make(watched_threads);
  if (!ring) return failure_of(ring);
  if (!captures) return failure_of(captures);
  if (!cells) return failure_of(cells);
  made->captures = std::move(*captures);
  made->cells = std::move(*cells);
  made->box.deaths = std::move(*ring);
  made->box.captures = made->captures.cells();
  made->box.cells = made->cells.cells();
  made->box.told_as_out_of_memory = own_.told_as_out_of_memory;
  boxes_[worker - 1] = &made->box;
  areas_[worker - 1] = std::move(made);
  return {};
}

void black_boxes::keep_only(std::size_t worker) noexcept {
  for (std::size_t n = 0; n < areas_.size(); ++n) {
    if (n + 1 == worker) continue;
    boxes_[n] = nullptr;
    areas_[n].reset();
  }
  own_.deaths.forget();
}

}  // namespace samjoko::postmortem
