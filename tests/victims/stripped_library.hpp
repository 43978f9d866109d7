#pragma once
// Charter: for tests: a shared library without symbols but its two entries, which unwinding has to
// get through.

namespace samjoko::victims {

/// Calls back from some depth.
int call_back(int (*callee)(int), int depth);
/// Crashes inside, in a function that has no name any more.
int crash_inside(int depth);

}  // namespace samjoko::victims
