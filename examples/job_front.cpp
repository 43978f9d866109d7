// A job front end: each line of a client names a job. Its program runs, the program's output is the
// answer, and the last line says how it ended. A program that takes longer than two seconds is
// ended.
#include <samjoko/samjoko.hpp>

#include <map>
#include <string>
#include <vector>

namespace {

/// Clients choose one of these; no bytes of theirs become a program's argument.
const std::map<std::string, std::vector<std::string>, std::less<>> jobs{
    {"count", {"sh", "-c", "for n in 1 2 3; do echo $n; done"}},
    {"fail", {"sh", "-c", "echo going; exit 3"}},
    {"crash", {"sh", "-c", "kill -SEGV $$"}},
    {"missing", {"/nowhere/program"}},
    {"stuck", {"sleep", "1000"}},
};

samjoko::task<std::string> run_job(samjoko::connection& client, std::vector<std::string> words) {
  samjoko::program what{.words = std::move(words)};
  what.output = samjoko::pipe_stream;
  auto running = samjoko::child::start(client, what);
  if (!running) co_return running.error().sentence();

  const auto end = samjoko::deadline::after(samjoko::milliseconds(2000));
  running->output().set_deadline(end);
  while (auto bytes = co_await running->output().read()) {
    const auto written = co_await client.write(*bytes);
    if (!written) co_return "the client is gone";
  }
  const auto ended = co_await running->exit(end);
  if (!ended) co_return "took too long";  // it is ended and reaped when `running` goes
  co_return ended->sentence();
}

samjoko::task<samjoko::next> serve_line(samjoko::connection& client) {
  const auto line = co_await client.read_line();
  if (!line) co_return samjoko::next::close;
  const auto job = jobs.find(*line);
  std::string how = "there is no such job";
  if (job != jobs.end()) how = co_await run_job(client, job->second);
  const auto written = co_await client.write("-- ", how, "\n");
  if (!written) co_return samjoko::next::close;
  co_return samjoko::next::keep;
}

}  // namespace

int main(int argc, char** argv) {
  return samjoko::run(argc, argv, {.name = "job_front", .handler = serve_line});
}
