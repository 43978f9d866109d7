#include <samjoko/serve/session_host.hpp>

#include <new>

namespace samjoko::serve {

session_host::~session_host() {
  while (free_ != nullptr) {
    auto* gone = free_;
    free_ = gone->next_free;
    if (!is_first(*gone)) delete gone;
  }
}

serving* session_host::take() noexcept {
  if (free_ != nullptr) [[likely]] {
    --count_;
    return std::exchange(free_, free_->next_free);
  }
  auto* made = first_ ? new (std::nothrow) serving(*this) : &first_.emplace(*this);
  if (made == nullptr || made->exists()) return made;
  if (is_first(*made)) {
    first_.reset();
  } else {
    delete made;
  }
  return nullptr;
}

void session_host::give_back(serving& idle) noexcept {
  if (count_ >= most_free && !is_first(idle)) {
    delete &idle;
    return;
  }
  idle.next_free = free_;
  free_ = &idle;
  ++count_;
}

}  // namespace samjoko::serve
