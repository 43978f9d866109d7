#pragma once
// Charter: libdw, wrapped: the modules of a process that is gone, the calls on its stack, and what
// stands at an address. Only postmortem/unwind.cpp uses it; without libdw it knows nothing.

#include <cstdint>
#include <functional>
#include <memory>
#include <samjoko/os/memory_map.hpp>
#include <samjoko/postmortem/capture_slot.hpp>
#include <samjoko/postmortem/unwind.hpp>
#include <span>
#include <string>

namespace samjoko::postmortem {

using register_values = std::array<std::uint64_t, capture_slot::register_count>;

class call_frames {
 public:
  call_frames();
  ~call_frames();
  call_frames(const call_frames&) = delete;
  call_frames& operator=(const call_frames&) = delete;

  /// Makes the file of a module known. Empty, or why it cannot be read.
  std::string add(const os::mapped_module& module);
  /// After the last add().
  void ready();

  /// Calls `each(address, is_caller)` from the innermost call outwards until it is false. The
  /// address of a caller is where the call returns to. Reads no memory but `stack`, which stood at
  /// `stack_address`. Returns whether the outermost call was reached.
  bool walk(const register_values& registers, std::span<const std::byte> stack,
            std::uint64_t stack_address,
            const std::function<bool(std::uint64_t address, bool is_caller)>& each);

  /// Adds function and line to a frame. `lookup` is an address inside its instruction.
  void describe(stack_frame& frame, std::uint64_t lookup) const;

 private:
  struct session;
  std::unique_ptr<session> session_;
};

}  // namespace samjoko::postmortem
