#pragma once
// A system call of these lessons either does what it was asked or ends the lesson with the reason.
// A server may not end: Samjoko returns what went wrong (samjoko/base/result.hpp).

#include <cstdio>
#include <cstdlib>

namespace lessons {

/// Gives back what the call gave, unless that is -1.
template <class Number>
Number must(Number answer, const char* call) {
  if (answer != -1) return answer;
  std::perror(call);
  std::exit(1);
}

}  // namespace lessons
