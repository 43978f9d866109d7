#include <victims/stripped_library.hpp>

namespace samjoko::victims {
namespace {

[[gnu::noinline]] int write_nowhere(int depth) {
  volatile int* volatile nowhere = nullptr;
  *nowhere = depth;
  return depth;
}

[[gnu::noinline]] int deeper(int (*callee)(int), int depth) {
  volatile int local[32] = {depth};
  const int result = depth > 0 ? deeper(callee, depth - 1) : callee(local[0]);
  return result + local[1];
}

}  // namespace

int call_back(int (*callee)(int), int depth) { return deeper(callee, depth); }
int crash_inside(int depth) {
  volatile const int result = deeper(&write_nowhere, depth);  // a call, not a jump
  return result;
}

}  // namespace samjoko::victims
