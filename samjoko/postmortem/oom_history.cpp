#include <samjoko/postmortem/oom_history.hpp>

#include <algorithm>

namespace samjoko::postmortem {

void oom_history::add(steady::time_point now, std::uint64_t count, std::uint64_t told) noexcept {
  older_ = begun_ ? newer_ : sample{count, told};
  newer_ = {count, told};
  begun_ = true;
  next_ = now + interval;
}

memory_evidence oom_history::since(std::uint64_t count, std::uint64_t told,
                                   std::uint64_t killed) const noexcept {
  return {.known = begun_,
          .own = false,
          .before = older_.count,
          .after = count,
          .told = told - std::min(told, older_.told),
          .killed = killed};
}

}  // namespace samjoko::postmortem
