// fork copies memory: what one process writes the other does not see, unless it is shared memory.
// It copies descriptors, but the open file behind them, with its position, is shared. The buffer of
// stdio is memory: both processes write what was not flushed, or the child leaves by _exit.

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lessons/must.hpp>

namespace {

template <class Work>
void in_a_child(Work work) {
  const pid_t child = lessons::must(fork(), "fork");
  if (child == 0) {
    work();
    _exit(0);
  }
  lessons::must(waitpid(child, nullptr, 0), "waitpid");
}

void show_stdio(bool by_exit) {
  std::FILE* file = std::tmpfile();
  std::fputs("once ", file);  // into the buffer, not yet into the file
  in_a_child([by_exit] {
    if (by_exit) std::exit(0);  // flushes what it inherited
  });
  std::fflush(file);
  char text[32] = {};
  lessons::must(pread(fileno(file), text, sizeof text - 1, 0), "pread");
  dprintf(1, "stdio, child leaves by %s: \"%s\"\n", by_exit ? "exit" : "_exit", text);
  std::fclose(file);
}

}  // namespace

int main() {
  int variable = 1;
  constexpr int anonymous = MAP_SHARED | MAP_ANONYMOUS;
  void* memory = mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, anonymous, -1, 0);
  if (memory == MAP_FAILED) return 1;
  auto& shared = *static_cast<int*>(memory);
  in_a_child([&] { variable = shared = 2; });
  dprintf(1, "the child wrote 2: a variable is %d here, shared memory is %d\n", variable, shared);

  const int file = lessons::must(memfd_create("letters", 0), "memfd_create");
  lessons::must(pwrite(file, "abcdef", 6, 0), "pwrite");
  char letter = 0;
  in_a_child([&] {
    lessons::must(read(file, &letter, 1), "read");
    close(file);
  });
  lessons::must(read(file, &letter, 1), "read");
  dprintf(1, "the child read a letter and closed the file: the next one here is '%c'\n", letter);

  show_stdio(true);
  show_stdio(false);
}
