#include <samjoko/serve/connection_limiter.hpp>
#include <samjoko/serve/model.hpp>

namespace samjoko {

std::string_view name_of(model which) noexcept {
  switch (which) {
    case model::process: return "process";
    case model::thread: return "thread";
    case model::multiplex: return "multiplex";
  }
  return "unknown";
}

std::string_view name_of(spawn which) noexcept { return which == spawn::each ? "each" : "pool"; }

namespace serve {
namespace {

constinit std::string_view running = "none";

result<void> run_placed(model where, spawn how, workload& work) {
  running = name_of(where);  // one model in a process, and no other thread yet
  switch (where) {
    case model::process:
      return how == spawn::each ? run_process_each(work) : run_process_pool(work);
    case model::thread: return how == spawn::each ? run_thread_each(work) : run_thread_pool(work);
    case model::multiplex: return run_shared_loop(work);
  }
  return failure(EINVAL, "model");
}

}  // namespace

std::string_view model_of_this_process() noexcept { return running; }

result<void> run(model where, spawn how, workload& work) {
  work.counts.open.store(0);
  if (work.account != nullptr) return run_placed(where, how, work);
  auto own = connection_limiter::make(work.limits, 1);
  if (!own) return failure_of(own);
  workload alone = work;
  alone.account = &*own;
  alone.worker = 1;
  return run_placed(where, how, alone);
}

}  // namespace serve
}  // namespace samjoko
