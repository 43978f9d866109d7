#include <samjoko/serve/session_host.hpp>

#include <new>

namespace samjoko::serve {

session_host::~session_host() {
  while (free_ != nullptr) {
    drop(*std::exchange(free_, free_->next_free));
  }
}

serving* session_host::make() noexcept {
  auto* made = first_ ? new (std::nothrow) serving(*this) : &first_.emplace(*this);
  if (made == nullptr) return nullptr;
  if (!made->exists()) {
    drop(*made);
    return nullptr;
  }
  made->is_surplus = kept_ == most_kept;
  if (!made->is_surplus) ++kept_;
  return made;
}

void session_host::drop(serving& gone) noexcept {
  if (is_first(gone)) return first_.reset();
  const std::unique_ptr<serving> last(&gone);
}

}  // namespace samjoko::serve
