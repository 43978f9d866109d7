#include <samjoko/task/run_queue.hpp>

#include <samjoko/base/check.hpp>

namespace samjoko {

run_queue::~run_queue() {
  SAMJOKO_CHECK(live_tasks_ == 0, "a loop was destroyed while tasks were alive on it");
}

void run_queue::push(runnable& item) noexcept {
  if (item.queued) return;
  item.queued = true;
  item.behind = nullptr;
  (first_ == nullptr ? first_ : last_->behind) = &item;
  last_ = &item;
}

void run_queue::post(runnable& item) noexcept {
  auto* head = posted_.load(std::memory_order_relaxed);
  do {
    item.behind = head;
  } while (!posted_.compare_exchange_weak(head, &item, std::memory_order_release,
                                          std::memory_order_relaxed));
  wake();
}

void run_queue::take_posted() noexcept {
  auto* item = posted_.exchange(nullptr, std::memory_order_acquire);
  runnable* in_order = nullptr;
  while (item != nullptr) {
    auto* next = item->behind;
    item->behind = in_order;
    in_order = item;
    item = next;
  }
  while (in_order != nullptr) {
    auto* next = in_order->behind;
    push(*in_order);
    in_order = next;
  }
}

void run_queue::run_ready() noexcept {
  if (anything_posted()) take_posted();
  auto* item = first_;
  first_ = last_ = nullptr;
  while (item != nullptr) {
    auto* next = item->behind;
    item->queued = false;
    item->run(*item);
    item = next;
  }
}

void run_queue::run_attention() noexcept {
  if (attention != nullptr) attention->run(*attention);
}

}  // namespace samjoko
