// What the rows of the table of options cannot say in a line. To add a note, add a row, in the
// order of the options.
#include <samjoko/cli/option_sections.hpp>

#include <array>

namespace samjoko::cli {
namespace {

constexpr auto notes = std::to_array<option_note>({
    {"model",
     "`--model` and `--spawn` hold for each listener that does not choose for itself "
     "(`--listen`)."},
    {"workers",
     "`--workers` is from 1 to 256; a program has at most 256 workers in all. The default for "
     "`multiplex` is the number of processors that the program may use. The number multiplies any "
     "model: two workers of `thread` are two processes with threads."},
    {"pool-min",
     "The options of pools need `--spawn pool` of `process` or `thread`. They hold for each worker "
     "and each listener. `--pool-max` alone lowers a minimum that was not asked for, and "
     "`--pool-min` alone raises the maximum."},
    {"recycle-after", "`--recycle-after` needs `--spawn pool` of `process`."},
    {"stack-size", "`--stack-size` needs `--model thread`, and is at least 96k."},
    {"listen", "Port 0 lets the kernel choose; the log says what it chose."},
    {"listen",
     "Behind the address stand the choices of this listener alone: `--listen "
     ":8001,model=thread,spawn=each,workers=2`. The address ends at the first comma, so a unix "
     "path with a comma cannot be given."},
    {"listen",
     "What a listener leaves open is taken from `--model`, `--spawn` and `--workers`, then from "
     "the defaults. Listeners that come to the same choice share a group of workers. Where there "
     "are several groups, the log names them: `worker 1 of process-pool (4711) started`. All other "
     "options of the command line hold for the whole program; a configuration file can say others "
     "for each service."},
    {"backlog", "The kernel caps `--backlog` at net.core.somaxconn."},
    {"unix-mode", "`--unix-mode` and `--unix-owner` need a unix socket to listen on."},
    {"max-connections",
     "A client over a limit on connections is closed at once, with a line in the log. What a "
     "worker held when it died is free again as soon as the master has reaped it."},
    {"max-connections-per-peer",
     "`--max-connections` counts the connections of a service over all its workers and listeners. "
     "`--max-connections-per-peer` counts those of one IPv4 address, or of one IPv6 network of 64 "
     "bits; unix peers are not counted. With the second and without the first, 131,072 "
     "connections are the most in all."},
    {"max-children",
     "A client of `exec` over `--max-children` is closed at once, with a line in the log. The "
     "option needs `exec`."},
    {"turn-timeout",
     "`--turn-timeout` bounds one turn: a request, a line, an event. For a service that keeps its "
     "client to the end (`relay`, `exec`, a plain handler) it bounds the whole connection."},
    {"write-grace",
     "A write must be through after `--write-grace` plus its size divided by `--min-write-rate`."},
    {"max-children",
     "`--idle-timeout`, `--write-timeout`, `--min-write-rate` and `--write-grace` are not for "
     "`exec`: there the program reads and writes."},
    {"resolve-every",
     "`--resolve-every` concerns `relay` to a host's name. The name is looked up when a client "
     "comes and the last answer is older than this. While no name server answers, the last answer "
     "is kept."},
    {"max-head",
     "`--max-head` is at most 256k: some single sign-on hands out cookies of 28k. `--max-headers` "
     "is at most 256."},
    {"max-head",
     "Above a limit the answer is 431 (head, fields), 414 (target), 413 (body) or 408 (time)."},
    {"listing-max",
     "`--list` and `--listing-max` need the service `files`. A directory with more than "
     "`--listing-max` names, hidden ones included, or with more than 16 MiB of names, is answered "
     "with 503 and a line in the log, never with a part of it."},
    {"hub-space",
     "Services of one program have one hub. Each has its own names and topics in it, unless they "
     "say the same `--hub-space`."},
    {"chat-rate",
     "`--chat-rate` needs `chat`. What a sender says beyond it is not heard by others, and the "
     "sender is told so."},
    {"stop-timeout",
     "When `--stop-timeout` is over, the clients that are left are cut off. The exit code is 0 all "
     "the same."},
    {"drain-delay",
     "While `--drain-delay` lasts, clients are still accepted, and `status` and the service "
     "manager already say that the service stops."},
    {"stuck-timeout",
     "A thread that runs a handler for `--stuck-timeout` without awaiting is stuck. Its stack goes "
     "into the record of deaths; then its worker is ended and replaced. In the process models the "
     "client's process is ended instead."},
    {"control",
     "`--control` is the socket for the control commands; `none`: there is none. By default it is "
     "`PROGRAM.PID` in a folder of mode 0700: `$XDG_RUNTIME_DIR/samjoko`, or "
     "`/run/user/UID/samjoko` (root: `/run/samjoko`), or `/tmp/samjoko-UID`. That the default one "
     "cannot be made is a warning; one that was asked for and cannot be made is exit code 3."},
    {"pid-file",
     "`--pid-file` is there, whole, while the service is ready. A stale one is replaced; one of a "
     "living process is exit code 3."},
    {"when-failed",
     "When the workers of all groups have failed, the program ends with exit code 3. With "
     "`--when-failed stay` it stays, its listeners closed, for `status` and `reset-failed`."},
    {"user",
     "Workers give up root for `--user`, with the groups that /etc/group names for the user, and "
     "with its HOME, USER and LOGNAME."},
    {"log",
     "The log file is reopened at USR1. `/dev/stdout`, `/dev/stderr` and `/proc/self/fd/N` work as "
     "a file."},
    {"log-format",
     "`text` is for people. `json` is an object a line: time, level, pid, worker, kind, held_back "
     "(when lines were), message. `journald` puts `<4>` before the line and leaves out the time. "
     "`auto` takes `journald` where JOURNAL_STREAM names the device and inode of standard error."},
    {"stable-after",
     "A worker that had taken a client, or had been ready for `--stable-after`, is replaced at "
     "once when it dies: `--replace-burst` of a group in a row, then `--replace-rate` a second."},
    {"fail-after",
     "One that was not stable waits `--restart-delay`, doubling each time up to "
     "`--restart-delay-max`. After `--fail-after` such ends within `--fail-window` it has failed: "
     "it is not started again, with a line in the log."},
    {"fail-after",
     "When all workers of a group have failed, its listeners are closed and the other groups go "
     "on."},
    {"boot-timeout", "A worker that is not ready after `--boot-timeout` is ended."},
    {"deaths-in-full",
     "So many deaths of one kind (`--deaths-in-full`) are told one by one; then the log sums them "
     "up once a second."},
    {"max-topics",
     "These options need a service with a hub: `chat`, or one of yours that says `.uses_hub = "
     "true`."},
    {"max-message",
     "`--max-topic-length` and `--max-name-length` are at most 255, `--max-message` is at most "
     "12k."},
});

}  // namespace

std::span<const option_note> option_notes() { return notes; }

}  // namespace samjoko::cli
