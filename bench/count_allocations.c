/* Preloaded into a server, counts what it asks of the heap: malloc and its relatives, and so operator new
   and every pool that grows. The counts of all processes of the server stand in one shared file
   (ALLOCATION_COUNTS), whose layout allocations.py knows. While `armed` is set each allocation is counted,
   and the first ones are noted with their callers. */
#define _GNU_SOURCE
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { most_traces = 64, most_callers = 24, size_classes = 4096, most_processes = 4096 };

struct trace {
  uint64_t process, size, depth;
  uint64_t callers[most_callers]; /* relative to the program's base */
};

struct process_count {
  uint64_t process, allocations;
};

struct counts {
  uint64_t armed, allocations, bytes, frees, traces_used;
  int64_t live[size_classes]; /* blocks in use, by usable size / 16; the last: all that are larger */
  struct process_count processes[most_processes];
  struct trace traces[most_traces];
};

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);
extern void __libc_free(void*);

static struct counts* shared;
static uintptr_t base;
static __thread int inside __attribute__((tls_model("initial-exec")));

static void add(uint64_t* to, uint64_t what) { __atomic_fetch_add(to, what, __ATOMIC_RELAXED); }

static void count_live(void* block, int64_t change) {
  size_t class = malloc_usable_size(block) / 16;
  if (class >= size_classes) class = size_classes - 1;
  __atomic_fetch_add(&shared->live[class], change, __ATOMIC_RELAXED);
}

static void count_for_process(uint64_t process) {
  for (uint64_t i = 0; i < most_processes; ++i) {
    struct process_count* at = &shared->processes[(process + i) % most_processes];
    uint64_t found = 0;
    if (__atomic_compare_exchange_n(&at->process, &found, process, 0, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED) || found == process) {
      add(&at->allocations, 1);
      return;
    }
  }
}

static void note_trace(uint64_t process, size_t size) {
  uint64_t number = __atomic_fetch_add(&shared->traces_used, 1, __ATOMIC_RELAXED);
  void* callers[most_callers];
  if (number >= most_traces) return;
  struct trace* to = &shared->traces[number];
  int depth = backtrace(callers, most_callers);
  for (int i = 0; i < depth; ++i) to->callers[i] = (uintptr_t)callers[i] - base;
  to->process = process;
  to->size = size;
  to->depth = (uint64_t)depth;
}

static void* counted(void* block, size_t size) {
  if (shared == NULL || block == NULL || inside) return block;
  inside = 1; /* what backtrace() may allocate is not the server's */
  count_live(block, 1);
  if (__atomic_load_n(&shared->armed, __ATOMIC_RELAXED)) {
    uint64_t process = (uint64_t)getpid();
    add(&shared->allocations, 1);
    add(&shared->bytes, size);
    count_for_process(process);
    note_trace(process, size);
  }
  inside = 0;
  return block;
}

static void uncounted(void* block) {
  if (shared == NULL || block == NULL || inside) return;
  count_live(block, -1);
  if (__atomic_load_n(&shared->armed, __ATOMIC_RELAXED)) add(&shared->frees, 1);
}

void* malloc(size_t size) { return counted(__libc_malloc(size), size); }
void* calloc(size_t count, size_t size) { return counted(__libc_calloc(count, size), count * size); }
void* memalign(size_t unit, size_t size) { return counted(__libc_memalign(unit, size), size); }
void* aligned_alloc(size_t unit, size_t size) { return memalign(unit, size); }

int posix_memalign(void** to, size_t unit, size_t size) {
  void* block = memalign(unit, size);
  if (block == NULL) return 12; /* ENOMEM */
  *to = block;
  return 0;
}

void* realloc(void* block, size_t size) {
  uncounted(block);
  return counted(__libc_realloc(block, size), size);
}

void free(void* block) {
  uncounted(block);
  __libc_free(block);
}

static int find_base(struct dl_phdr_info* program, size_t size, void* unused) {
  (void)size, (void)unused;
  base = program->dlpi_addr;
  return 1; /* the first is the program itself */
}

__attribute__((constructor)) static void begin(void) {
  const char* path = getenv("ALLOCATION_COUNTS");
  int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  void* callers[1];
  if (file < 0) return;
  void* memory = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory == MAP_FAILED) return;
  dl_iterate_phdr(find_base, NULL);
  backtrace(callers, 1); /* loads the unwinder now, not in a request */
  shared = memory;
}
