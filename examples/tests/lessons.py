"""What each lesson must show. Each function has the name of its lesson and takes the program."""
import contextlib
import os
import pathlib
import resource
import signal
import subprocess
import time

from expect import matches, output_of, says

PATIENCE = 40    # seconds that only a failing test uses up


def exit_status(program):
    """Whether a core is dumped depends on the machine; number and words must say the same."""
    said = output_of(program)
    dumped = "core dumped" in said
    where = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    may_be_raised = resource.getrlimit(resource.RLIMIT_CORE)[1] == resource.RLIM_INFINITY
    if where == "core" and may_be_raised:
        assert dumped, f"a core could be dumped here, but was not:\n{said}"
    status, bit, words = ("0x0083", "128", ", core dumped") if dumped else ("0x0003", "  0", "")
    matches(said, fr"""
exit(3)              0x0300  >> 8:   3  & 0x80:   0  & 0x7f:   0  exited with code 3
exit(256 + 3)        0x0300  >> 8:   3  & 0x80:   0  & 0x7f:   0  exited with code 3
exit(-1)             0xff00  >> 8: 255  & 0x80:   0  & 0x7f:   0  exited with code 255
kill -TERM           0x000f  >> 8:   0  & 0x80:   0  & 0x7f:  15  killed by SIGTERM
kill -KILL           0x0009  >> 8:   0  & 0x80:   0  & 0x7f:   9  killed by SIGKILL
kill -QUIT, Ctrl+\   {status}  >> 8:   0  & 0x80: {bit}  & 0x7f:   3  killed by SIGQUIT{words}
kill -STOP           0x137f  >> 8:  19  & 0x80:   0  & 0x7f: 127  stopped by SIGSTOP, not dead
""")


def waitpid_nohang(program):
    found = says(program, """
3 children, none has ended: waitpid gives 0
child {third} ended with code 30, after {work3} pieces of my own work
child {second} ended with code 20, after {work2} pieces of my own work
child {first} ended with code 10, after {work1} pieces of my own work
no child is left: waitpid gives -1 (No child processes)
""")
    assert 0 < found["work3"] < found["work2"] < found["work1"]
    assert len({found["first"], found["second"], found["third"]}) == 3


def zombie(program):
    says(program, """
child {pid} has ended, nobody has asked yet
  state Z; memory: none; kill(pid, 0): the PID is taken
waitpid gives {pid}, code 7
  state none, there is no such process; memory: none; kill(pid, 0): No such process
with SA_NOCLDWAIT waitpid gives -1 (No child processes)
  state none, there is no such process; memory: none; kill(pid, 0): No such process
""")


def orphan(program):
    says(program, """
process {top} adopts the orphans among its descendants
process {child} has ended before its own child
process {grandchild}: my parent was process {child}, now it is process {top}
reaped process {grandchild}, which this one never forked: code 5
""")


def sigchld_is_one_bit(program):
    says(program, """
20 children have died, SIGCHLD is blocked: delivered 0 times
unblocked: delivered 1 time, reaped 1, zombies left 19
the loop reaps the other 19, zombies left 0
""")


def signal_or_sigaction(program):
    says(program, """
signal       handler, SA_RESTART
  after one  handler, SA_RESTART
sysv_signal  handler, SA_RESETHAND, SA_NODEFER
  after one  default action, SA_RESETHAND, SA_NODEFER
sigaction    handler, SA_SIGINFO, mask: SIGTERM
             its handler was told that the sender is this process
""")


def blocked_in_handler(program):
    says(program, """
empty mask:
  SIGUSR1 begins
    SIGUSR2, on top of it
  SIGUSR1 ends
SIGUSR2 in sa_mask:
  SIGUSR1 begins
    SIGUSR2 is pending
  SIGUSR1 ends
  SIGUSR2, alone
its own signal, SA_NODEFER:
  SIGUSR1 begins
    SIGUSR1, on top of itself
  SIGUSR1 ends
""")


def interrupted_calls(program):
    says(program, """
without SA_RESTART: read = -1 (Interrupted system call)
with SA_RESTART:    read = 1 (one byte)
                    3 signals came, the third brought a byte
with SA_RESTART:    poll = -1 (Interrupted system call)
""")


def self_pipe(program):
    says(program, """
the loop hears of SIGCHLD
  reaped a child, code 9; now SIGTERM to myself
the loop hears of SIGTERM
the loop has ended in good order
""")


def what_fork_copies(program):
    says(program, """
the child wrote 2: a variable is 1 here, shared memory is 2
the child read a letter and closed the file: the next one here is 'b'
stdio, child leaves by exit: "once once "
stdio, child leaves by _exit: "once "
""")


def what_threads_share(program):
    said = output_of(program)
    first, second, *rest = said.splitlines()
    one, other = ({name: line.split(name)[1].split()[0].rstrip(",")
                   for name in ("PID", "thread ", "variable at", "counter at")}
                  for line in (first.replace("main  :", ""), second.replace("thread:", "")))
    assert one["PID"] == other["PID"] and one["counter at"] == other["counter at"], said
    assert one["thread "] != other["thread "] and one["variable at"] != other["variable at"], said
    assert rest == ["two threads added 1 without a lock: 1", "two threads added 1 under a lock: 2"]


def fork_with_threads(program):
    says(program, """
parent: 2 threads, and the other one holds a lock
child: 1 thread
child: the lock is locked, and nobody is there to unlock it
parent: the lock is free again
""")


def is_asleep(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "S"


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


@contextlib.contextmanager
def running(program):
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def sleep_ends_early(program):
    """The alarm ends the first sleep, Ctrl+C the other two, each sent when the program sleeps."""
    begun = time.monotonic()
    with running(program) as process:
        said = "".join(process.stdout.readline() for _ in range(4))
        for _ in range(2):
            until(lambda: is_asleep(process.pid))
            os.kill(process.pid, signal.SIGINT)
            said += "".join(process.stdout.readline() for _ in range(3))
        assert process.wait(PATIENCE) == 0
    assert time.monotonic() - begun >= 1, "alarm(1) is never early"
    matches(said, """
round 1: sleep(20)
  handler: SIGALRM
round 1: ended early
round 2: sleep(20)
  handler: SIGINT
round 2: ended early
round 3: sleep(20)
  handler: SIGINT
round 3: ended early
""")
