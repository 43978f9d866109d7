#pragma once
// A system call of these lessons either succeeds or ends the lesson with the reason. A server must
// not end: Samjoko returns the error (samjoko/base/result.hpp).

#include <cstdio>
#include <cstdlib>

namespace lessons {

/// Returns what the call returned, unless that is -1.
template <class Number>
Number must(Number answer, const char* call) {
  if (answer != -1) return answer;
  std::perror(call);
  std::exit(1);
}

}  // namespace lessons
