#include <samjoko/postmortem/call_text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace samjoko::postmortem {
namespace {

using names = std::pair<std::string_view, std::string_view>;

/// Whole types come first, then the parts that only describe them.
constexpr std::array<names, 7> in_other_words{{
    {"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >",
     "std::string"},
    {"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char>>",
     "std::string"},
    {"std::basic_string_view<char, std::char_traits<char> >", "std::string_view"},
    {"std::basic_string_view<char, std::char_traits<char>>", "std::string_view"},
    {"std::__cxx11::", "std::"},
    {"[abi:cxx11]", ""},
    {"(anonymous namespace)", "{anonymous}"},
}};

/// Functions of the C library and of the start of a program. They are named here because a static
/// program holds them itself, so no module tells them apart.
constexpr std::array<std::string_view, 21> of_the_c_library{
    "abort",  "raise", "gsignal",      "pthread_kill", "malloc",  "free",    "calloc",
    "memcpy", "exit",  "start_thread", "clone",        "clone3",  "poll",    "epoll_wait",
    "read",   "write", "strlen",       "memset",       "memmove", "realloc", "syscall"};

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

bool ends_with_operator(std::string_view text) noexcept {
  constexpr std::string_view word = "operator";
  if (!text.ends_with(word)) return false;
  text.remove_suffix(word.size());
  const auto before = text.empty() ? ' ' : text.back();
  return std::isalnum(static_cast<unsigned char>(before)) == 0 && before != '_';
}

/// The signs of operator<, operator->, operator() and their like at the front of `rest`: no
/// brackets.
std::size_t signs_of_operator(std::string_view rest) noexcept {
  if (rest.starts_with("()") || rest.starts_with("<<") || rest.starts_with(">>") ||
      rest.starts_with("->") || rest.starts_with("<="))
    return rest.starts_with("<=>") ? 3 : 2;
  return rest.starts_with('<') || rest.starts_with('>') ? 1 : 0;
}

/// Leaves out the text between two brackets, and brackets within.
std::string without(std::string_view text, char open, char close, std::string_view instead) {
  std::string out;
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto signs =
        depth == 0 && ends_with_operator(out) ? signs_of_operator(text.substr(at)) : 0;
    if (signs > 0) {
      out += text.substr(at, signs);
      at += signs;
      continue;
    }
    const char each = text[at];
    const bool arrow = each == '>' && at > 0 && text[at - 1] == '-';
    if (each == open && depth++ == 0) out += instead;
    if (depth == 0) out += each;
    if (each == close && !arrow && depth > 0) --depth;
    ++at;
  }
  return out;
}

/// "ns::f" of "void ns::f<int>(std::vector<int>) const".
std::string name_alone(std::string_view function) {
  auto text = without(function, '<', '>', "");
  replace_all(text, "(anonymous namespace)", "{anonymous}");
  text = without(text, '(', ')', "");
  if (const auto last = text.rfind(" const"); last != std::string::npos) text.resize(last);
  const auto offset = text.rfind("+0x");
  if (offset != std::string::npos) text.resize(offset);
  if (const auto clone = text.find(" ["); clone != std::string::npos) text.resize(clone);
  text.resize(text.find_last_not_of(' ') + 1);  // clang's "f() (.resume)"
  const auto space = text.rfind(' ');
  return space == std::string::npos || ends_with_operator(text.substr(0, space))
             ? text
             : text.substr(space + 1);
}

bool is_system_library(std::string_view module) noexcept {
  constexpr std::array<std::string_view, 6> libraries{"/libc.so",     "/libc-",    "/libstdc++.so",
                                                      "/libgcc_s.so", "/ld-linux", "/libm.so"};
  if (module == "[vdso]" || module.starts_with("[vdso]")) return true;
  return std::ranges::any_of(
      libraries, [module](auto each) { return module.find(each) != std::string_view::npos; });
}

std::string_view next_line(std::string_view& text) noexcept {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

call_parts parts_of(std::string_view call) noexcept {
  call_parts found;
  const auto module = std::max(call.rfind(" (/") + 1, call.rfind(" ([") + 1);
  if (module != 0 && call.ends_with(')')) {
    found.module = call.substr(module + 1, call.size() - module - 2);
    call = call.substr(0, module - 1);
  }
  if (const auto source = call.rfind(" at "); source != std::string_view::npos) {
    found.source = call.substr(source + 4);
    call = call.substr(0, source);
  }
  found.function = call;
  return found;
}

std::string shortened(std::string_view function) {
  std::string text(function);
  for (const auto& [what, by] : in_other_words) replace_all(text, what, by);
  text = without(text, '<', '>', "<…>");
  if (const auto clone = text.find(" [clone"); clone != std::string::npos) text.resize(clone);
  return text;
}

std::string call_in_short(std::string_view call) {
  const auto parts = parts_of(call);
  auto function = parts.function;
  const bool is_named = !function.starts_with("0x");
  if (const auto offset = function.rfind("+0x"); is_named && offset != std::string_view::npos)
    function = function.substr(0, offset);
  auto text = shortened(function);
  if (!parts.source.empty()) return fmt::format("{} at {}", text, parts.source);
  return parts.module.empty() ? text : fmt::format("{} ({})", text, parts.module);
}

bool is_users_own(std::string_view call) {
  const auto parts = parts_of(call);
  if (parts.function.starts_with("0x") || is_system_library(parts.module)) return false;
  const auto name = name_alone(parts.function);
  constexpr std::array<std::string_view, 6> foreign{
      "std::", "__", "samjoko::", "_start", "fmt::", "operator new"};
  if (std::ranges::any_of(foreign, [&](auto each) { return name.starts_with(each); })) return false;
  return std::ranges::find(of_the_c_library, name) == of_the_c_library.end();
}

std::vector<std::string_view> own_calls(std::string_view stack, std::size_t most) {
  std::vector<std::string_view> own;
  for (auto rest = stack; !rest.empty() && own.size() < most;) {
    const auto call = next_line(rest);
    if (is_users_own(call)) own.push_back(call);
  }
  const bool only_main = own.size() == 1 && name_alone(parts_of(own.front()).function) == "main";
  if (!own.empty() && !only_main) return own;
  own.clear();
  for (auto rest = stack; !rest.empty() && own.size() < most;) own.push_back(next_line(rest));
  return own;
}

}  // namespace samjoko::postmortem
