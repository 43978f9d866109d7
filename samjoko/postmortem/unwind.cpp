#include <samjoko/postmortem/unwind.hpp>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <samjoko/os/memory_map.hpp>
#include <samjoko/postmortem/call_frames.hpp>

namespace samjoko::postmortem {
namespace {

constexpr std::size_t stack_pointer = 7;
constexpr std::size_t instruction = 16;
/// How far from the stack pointer an overflow hits the guard: the call or push itself, or the first
/// touch of a large frame.
constexpr std::uint64_t overflow_reach = std::uint64_t{1} << 20;

class unwinder {
 public:
  unwinder(const capture_slot& from, const unwind_options& how)
      : from_(from), how_(how), stack_(stack_of(from)), registers_(from.registers) {}

  backtrace run() {
    if (from_.has_registers == 0) {
      out_.remark = "registers are not captured on this architecture";
      return std::move(out_);
    }
    const auto maps = maps_of(from_).empty() ? how_.maps_instead : maps_of(from_);
    if (maps.empty()) remark("the map of the process is missing");
    if (from_.maps_cut != 0) remark("the map of the process is cut");
    mappings_ = os::parse_maps(maps);
    trusted_ = os::parse_maps(how_.only_files_of);
    modules_ = os::modules_of(mappings_);
    for (const auto& each : modules_) refusals_.push_back(add(each));
    frames_.ready();
    if (stack_.empty()) remark("there was no stack at the stack pointer");
    out_.stack_overflow = stack_overflowed();
    if (!is_code(registers_[instruction])) skip_bad_call();
    walk();
    return std::move(out_);
  }

 private:
  void remark(std::string_view text) {
    if (!out_.remark.empty()) out_.remark += "; ";
    out_.remark += text;
  }

  /// Empty, or why the module cannot be read; that matters when a call lies in it.
  std::string add(const os::mapped_module& module) {
    if (std::ranges::none_of(module.parts, &os::mapping::executable)) return "";
    if (!may_be_read(module.first()))
      return std::string(module.first().path) + " is no file that the master has mapped: not read";
    return frames_.add(module);
  }

  [[nodiscard]] bool may_be_read(const os::mapping& part) const {
    return how_.only_files_of.empty() ||
           std::ranges::any_of(trusted_, [&](const os::mapping& each) {
             return each.path == part.path && each.inode == part.inode;
           });
  }

  [[nodiscard]] bool is_code(std::uint64_t address) const {
    return std::ranges::any_of(mappings_, [=](const os::mapping& each) {
      return each.executable && address >= each.start && address < each.end;
    });
  }

  [[nodiscard]] bool stack_overflowed() const {
    const auto fault = from_.fault_address;
    const auto pointer = registers_[stack_pointer];
    const auto distance = fault > pointer ? fault - pointer : pointer - fault;
    const bool readable = !stack_.empty() && fault >= from_.stack_address;
    return from_.signal == SIGSEGV && from_.code > 0 && distance < overflow_reach && !readable;
  }

  [[nodiscard]] std::optional<std::uint64_t> stack_word(std::uint64_t address) const {
    std::uint64_t word = 0;
    const auto at = address - from_.stack_address;
    if (address < from_.stack_address || stack_.size() < sizeof word ||
        at > stack_.size() - sizeof word)
      return std::nullopt;
    std::memcpy(&word, stack_.data() + at, sizeof word);
    return word;
  }

  /// A call through a null or wild pointer: no table knows its target, but the call has just pushed
  /// its return address. The address before that one is the call itself.
  void skip_bad_call() {
    add_frame(registers_[instruction], false);
    const auto back = stack_word(registers_[stack_pointer]);
    if (!back || !is_code(*back)) return;
    bad_call_ = true;
    registers_[instruction] = *back - 1;
    registers_[stack_pointer] += sizeof *back;
  }

  void walk() {
    const bool known = is_code(registers_[instruction]);
    const bool whole = known && frames_.walk(registers_, stack_, from_.stack_address,
                                             [this](std::uint64_t address, bool is_caller) {
                                               return take(address, is_caller);
                                             });
    if (out_.frames.empty()) add_frame(registers_[instruction], false);
    if (out_.frames.size() >= how_.most_frames) {
      remark(fmt::format("cut after {} calls", out_.frames.size()));
    } else if (!can_unwind()) {
      remark("libdw is not there: only the innermost address is known");
    } else if (!whole && !reached_start_) {
      remark("the calls further out cannot be told");
    }
  }

  bool take(std::uint64_t address, bool is_caller) {
    // The place of a bad call is the innermost one of the walk, but in truth a caller.
    const bool called = std::exchange(bad_call_, false);
    if (is_caller && !is_code(address - 1)) {
      // The kernel's value for the first function, which returns to no caller; or rubbish.
      reached_start_ = !out_.frames.empty() && out_.frames.back().function == "_start";
      return false;
    }
    add_frame(called ? address + 1 : address, is_caller || called);
    return out_.frames.size() < how_.most_frames;
  }

  void add_frame(std::uint64_t address, bool is_caller) {
    const auto lookup = is_caller ? address - 1 : address;
    stack_frame frame;
    frame.address = address;
    const auto module = std::ranges::find_if(
        modules_, [=](const os::mapped_module& each) { return each.contains(lookup); });
    if (module != modules_.end()) {
      frame.module = module->first().path;
      frame.module_offset = address - module->base;
      auto& refusal = refusals_[static_cast<std::size_t>(module - modules_.begin())];
      if (!refusal.empty()) remark(std::exchange(refusal, {}));
    }
    if (is_code(lookup)) frames_.describe(frame, lookup);
    out_.frames.push_back(std::move(frame));
  }

  const capture_slot& from_;
  const unwind_options& how_;
  std::span<const std::byte> stack_;
  register_values registers_;
  std::vector<os::mapping> mappings_;
  std::vector<os::mapping> trusted_;
  std::vector<os::mapped_module> modules_;
  std::vector<std::string> refusals_;  ///< of each module
  call_frames frames_;
  backtrace out_;
  bool bad_call_ = false;
  bool reached_start_ = false;
};

}  // namespace

backtrace unwind(const capture_slot& capture, const unwind_options& options) {
  return unwinder(capture, options).run();
}

std::string stack_frame::sentence() const {
  std::string out = function.empty() ? fmt::format("{:#x}", address)
                                     : fmt::format("{}+{:#x}", function, function_offset);
  if (!source.empty()) out += fmt::format(" at {}:{}", source, line);
  if (!module.empty()) out += fmt::format(" ({}+{:#x})", module, module_offset);
  return out;
}

}  // namespace samjoko::postmortem
