#include <samjoko/serve/session_host.hpp>

#include <new>

namespace samjoko::serve {

session_host::~session_host() {
  while (free_ != nullptr) {
    drop(*std::exchange(free_, free_->next_free));
  }
}

serving* session_host::take() noexcept {
  if (free_ != nullptr) [[likely]] {
    --count_;
    return std::exchange(free_, free_->next_free);
  }
  auto* made = first_ ? new (std::nothrow) serving(*this) : &first_.emplace(*this);
  if (made == nullptr || made->exists()) return made;
  drop(*made);
  return nullptr;
}

void session_host::drop(serving& gone) noexcept {
  if (is_first(gone)) return first_.reset();
  const std::unique_ptr<serving> last(&gone);
}

void session_host::give_back(serving& idle) noexcept {
  if (count_ >= most_free && !is_first(idle)) return drop(idle);
  idle.next_free = free_;
  free_ = &idle;
  ++count_;
}

}  // namespace samjoko::serve
