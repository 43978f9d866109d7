#pragma once
// Charter: processes whose parent ended before them. They become children of the nearest ancestor
// that asked for it (man 2 prctl, PR_SET_CHILD_SUBREAPER), or else of process 1 of their pid
// namespace (man 7 pid_namespaces). That process must wait for them, or they stay zombies for ever.

#include <sys/types.h>

#include <vector>

#include <samjoko/base/result.hpp>

namespace samjoko::os {

/// The calling process becomes the parent of orphans among its descendants. Not inherited by
/// children.
[[nodiscard]] result<void> become_subreaper();

/// The same for as long as this object lives; then as it was before.
class subreaper {
 public:
  subreaper() noexcept;
  ~subreaper();
  subreaper(const subreaper&) = delete;
  subreaper& operator=(const subreaper&) = delete;

 private:
  bool changed_ = false;
};

/// All children of the calling thread, forked or adopted, zombies included. A child that ends
/// meanwhile can hide another (man 5 proc, /proc/tid/children), so ask again when it matters. Empty
/// where /proc does not say.
[[nodiscard]] std::vector<pid_t> children_of_this_thread();

/// For a child that this process has not reaped yet: only then its number cannot have been given to
/// another process. Errors: ESRCH, EPERM.
[[nodiscard]] result<void> send_to_child(pid_t child, int signal);

}  // namespace samjoko::os
