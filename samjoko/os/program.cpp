#include <samjoko/os/program.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>

#include <samjoko/os/pidfd.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/os/privilege.hpp>
#include <samjoko/os/program_child.hpp>

namespace samjoko::os {
namespace {

/// Where programs are when PATH is not set (man 3 execvp).
constexpr std::string_view usual_path = "/bin:/usr/bin";

std::vector<std::string> candidates_of(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos) return {name};
  const char* set = std::getenv("PATH");
  std::string_view left = set != nullptr ? std::string_view(set) : usual_path;
  std::vector<std::string> found;
  for (bool more = true; more;) {
    const auto end = left.find(':');
    const auto folder = left.substr(0, end);
    found.push_back((folder.empty() ? "." : std::string(folder)) + "/" + name);
    more = end != std::string_view::npos;
    if (more) left.remove_prefix(end + 1);
  }
  return found;
}

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

/// The form that execve(2) takes: pointers, and a null behind them.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const auto& each : texts)
    all.push_back(const_cast<char*>(each.c_str()));  // never written to
  all.push_back(nullptr);
  return all;
}

std::vector<char*> environment_of(const program& what) {
  std::vector<char*> all;
  const auto is_set_again = [&](std::string_view name) {
    return std::ranges::any_of(what.environment,
                               [&](const std::string& own) { return name_of(own) == name; });
  };
  for (char** each = ::environ; !what.clean_environment && each != nullptr && *each != nullptr;
       ++each) {
    if (!is_set_again(name_of(*each))) all.push_back(*each);
  }
  for (std::size_t index = 0; index < what.environment.size(); ++index) {
    const auto& own = what.environment[index];
    const auto later = std::any_of(
        what.environment.begin() + static_cast<std::ptrdiff_t>(index) + 1, what.environment.end(),
        [&](const std::string& other) { return name_of(other) == name_of(own); });
    const bool is_set = own.find('=') != std::string::npos;
    if (is_set && !later) all.push_back(const_cast<char*>(own.c_str()));
  }
  all.push_back(nullptr);
  return all;
}

/// One standard stream: the child's end, and our end.
struct stream_ends {
  descriptor child;
  descriptor ours;
};

result<descriptor> above_the_standard_three(int number) {
  descriptor copy(::fcntl(number, F_DUPFD_CLOEXEC, 3));
  if (!copy) return failure(errno, "dup", std::to_string(number));
  return copy;
}

result<void> lay_pipe(stream_ends& into, bool child_reads) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failure(errno, "pipe");
  into.child = descriptor(ends[child_reads ? 0 : 1]);
  into.ours = descriptor(ends[child_reads ? 1 : 0]);
  // Each end is an open file of its own: the child's stays blocking.
  if (::fcntl(into.ours.get(), F_SETFL, O_NONBLOCK) != 0) return failure(errno, "fcntl");
  if (into.child.get() > 2) return {};
  auto moved =
      above_the_standard_three(into.child.get());  // this process has closed a standard one
  if (!moved) return failure_of(moved);
  into.child = std::move(*moved);
  return {};
}

result<void> open_null(stream_ends& into) {
  into.child = descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!into.child) return failure(errno, "open", "/dev/null");
  auto moved = above_the_standard_three(into.child.get());
  if (!moved) return failure_of(moved);
  into.child = std::move(*moved);
  return {};
}

/// `number`: 0, 1 or 2. Returns the descriptor that becomes it in the child.
result<int> prepare_stream(const program_stream& wanted, int number, stream_ends& into) {
  result<void> done;
  switch (wanted.from) {
    case program_stream::source::inherited: return prepared_program::keep;
    case program_stream::source::pipe: done = lay_pipe(into, number == 0); break;
    case program_stream::source::null: done = open_null(into); break;
    case program_stream::source::given: {
      if (wanted.descriptor > 2) return wanted.descriptor;
      auto copy = above_the_standard_three(wanted.descriptor);
      if (!copy) return failure_of(copy);
      into.child = std::move(*copy);
      break;
    }
  }
  if (!done) return failure_of(done);
  return into.child.get();
}

/// The program never ran: its status is reaped here, so that no other code finds it.
void reap_failed(const descriptor& process) {
  static_cast<void>(wait_readable(process.get(), deadline::never()));
  static_cast<void>(reap(process));  // ECHILD: other code has reaped it
}

std::unexpected<error> told(const program& what, const program_failure& failed) {
  const std::string_view call(failed.call);
  if (call == "execve") return failure(failed.code, failed.call, what.words.front());
  if (call == "chdir") return failure(failed.code, failed.call, what.directory);
  return failure(failed.code, failed.call, "for " + what.words.front());
}

bool has_nul(const std::vector<std::string>& texts) {
  return std::ranges::any_of(
      texts, [](const std::string& each) { return each.find('\0') != std::string::npos; });
}

}  // namespace

result<started_program> start_program(const program& what) {
  if (what.words.empty() || has_nul(what.words) || has_nul(what.environment))
    return failure(EINVAL, "execve", what.words.empty() ? "nothing" : what.words.front());
  const auto candidates =
      what.file.empty() ? candidates_of(what.words.front()) : std::vector{what.file};
  const auto files = pointers_to(candidates);
  const auto arguments = pointers_to(what.words);
  const auto environment = environment_of(what);
  std::array<stream_ends, 3> ends;
  prepared_program ready{.files = {files.data(), candidates.size()},
                         .arguments = arguments.data(),
                         .environment = environment.data(),
                         .directory = what.directory.empty() ? nullptr : what.directory.c_str(),
                         .limits = what.limits,
                         .own_group = what.own_group,
                         .ends_with_thread = what.ends_with_thread,
                         .starter = ::getpid()};
  rlimit open_files{};
  if (const auto first = open_files_limit_at_start();
      first && ::getrlimit(RLIMIT_NOFILE, &open_files) == 0) {
    open_files.rlim_cur = std::min<rlim_t>(*first, open_files.rlim_max);
    ready.open_files = &open_files;
  }
  const std::array wanted{what.input, what.output, what.errors};
  for (std::size_t number = 0; number < wanted.size(); ++number) {
    const auto stream = prepare_stream(wanted[number], static_cast<int>(number), ends[number]);
    if (!stream) return std::unexpected(stream.error());
    ready.streams[number] = *stream;
  }
  program_failure failed;
  const auto made = make_child(ready, failed);
  if (!made) return std::unexpected(made.error());
  started_program started{.pid = made->pid,
                          .process = descriptor(made->pidfd),
                          .input = std::move(ends[0].ours),
                          .output = std::move(ends[1].ours),
                          .errors = std::move(ends[2].ours)};
  if (failed.call == nullptr) return started;
  reap_failed(started.process);
  return told(what, failed);
}

result<std::string> find_program(const std::string& name) {
  int code = ENOENT;
  for (const auto& each : candidates_of(name)) {
    const bool may_be_run = ::access(each.c_str(), X_OK) == 0;
    const int refused = may_be_run ? 0 : errno;
    descriptor folder(::open(each.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (may_be_run && !folder) return each;
    if (folder || refused == EACCES) code = EACCES;
  }
  return failure(code, "execve", name);
}

namespace {

/// Read as the kernel reads it, up to the first blank (man 2 execve, Interpreter scripts).
std::string interpreter_in(std::string_view line) {
  line = line.substr(2, line.find('\n') - 2);
  const auto begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  line.remove_prefix(begin);
  return std::string(line.substr(0, line.find_first_of(" \t\r")));
}

/// Whether the kernel knows other forms of programs besides its own (binfmt_misc).
bool has_other_forms() {
  constexpr std::string_view folder = "/proc/sys/fs/binfmt_misc";
  std::error_code gone;
  std::size_t count = 0;
  for (auto each = std::filesystem::directory_iterator(folder, gone);
       !gone && each != std::filesystem::directory_iterator(); each.increment(gone))
    ++count;
  return count > 2;  // "register" and "status" are always there
}

result<void> check_form(const std::string& file, int depth) {
  constexpr int longest_chain = 4;  // the kernel follows no more
  const descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<char, 256> some;
  const auto got = opened ? ::read(opened.get(), some.data(), some.size()) : -1;
  if (got < 0) return {};  // it may be executable and not readable
  const std::string_view head(some.data(), static_cast<std::size_t>(got));
  if (head.starts_with("\177ELF")) return {};
  if (!head.starts_with("#!")) {
    if (has_other_forms()) return {};
    return failure(ENOEXEC, "execve", file + ", which begins with no #! line,");
  }
  const auto interpreter = interpreter_in(head);
  if (interpreter.empty()) return failure(ENOEXEC, "execve", file + ", whose #! line is empty,");
  const auto found =
      find_program(interpreter.find('/') == std::string::npos ? "./" + interpreter : interpreter);
  if (!found)
    return failure(found.error().code(), "execve",
                   file + ", whose #! line names " + interpreter + ",");
  return depth < longest_chain ? check_form(interpreter, depth + 1) : result<void>{};
}

}  // namespace

result<void> check_program(const std::string& file) { return check_form(file, 0); }

}  // namespace samjoko::os
