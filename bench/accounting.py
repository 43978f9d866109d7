"""What a tree of processes has used: CPU time, also of children that are gone, and memory."""
import os
import pathlib
import re
import time

CPUACCT = pathlib.Path("/sys/fs/cgroup/cpuacct")
TICK = 1 / os.sysconf("SC_CLK_TCK")


def tree(root):
    """`root` and all its descendants that live."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
    found, left = [], [root]
    while left:
        found.append(left.pop())
        left += parents.get(found[-1], [])
    return found


class ControlGroup:
    """Counts in nanoseconds, and keeps what the dead have used (cgroup-v1, cpuacct.usage)."""
    exact = True

    def __init__(self, name):
        self.folder = CPUACCT / name
        self.folder.mkdir()

    def enter(self):
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def cpu(self, _root):
        return int((self.folder / "cpuacct.usage").read_text()) * 1e-9

    def close(self):
        for _ in range(200):
            try:
                return self.folder.rmdir()
            except OSError:
                time.sleep(0.01)   # the last process has not been reaped yet


def nanoseconds_of_threads(process):
    """CPU seconds of the threads that live, exactly (schedstat: the first number)."""
    total = 0
    for thread in pathlib.Path(f"/proc/{process}/task").iterdir():
        total += int((thread / "schedstat").read_text().split()[0])
    return total * 1e-9


class Processes:
    """Without that right: sums over the tree. What threads and children that are gone have used is
    known in ticks only, so that a run of less than 2 s is coarse.
    """
    exact = False

    def enter(self):
        pass

    def cpu(self, root):
        return sum(self._of_process(process) for process in tree(root))

    @staticmethod
    def _of_process(process):
        try:
            stat = pathlib.Path(f"/proc/{process}/stat").read_text()
            live = nanoseconds_of_threads(process)
        except OSError:
            return 0.0
        user, system, user_of_children, system_of_children = map(
            int, stat.rpartition(")")[2].split()[11:15])
        return max(live, (user + system) * TICK) + (user_of_children + system_of_children) * TICK

    def close(self):
        pass


def new_account(name):
    try:
        return ControlGroup(name)
    except OSError:
        return Processes()


def is_exact():
    account = new_account(f"samjoko-bench-{os.getpid()}-probe")
    account.close()
    return account.exact


def rollup(process, field):
    """A line of smaps_rollup (man 5 proc) in bytes."""
    text = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text()
    return int(re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE).group(1)) * 1024


def proportional_memory(root):
    """PSS over the tree in bytes, and how many processes it has: shared pages count once."""
    total, count = 0, 0
    for process in tree(root):
        try:
            total += rollup(process, "Pss")
            count += 1
        except (OSError, AttributeError):
            continue
    return total, count


def mappings(process):
    return len(pathlib.Path(f"/proc/{process}/maps").read_text().splitlines())


def processor_busy(number):
    """Seconds that a processor has worked since it was started."""
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name == f"cpu{number}":
            user, nice, system, _, _, interrupts, soft, stolen = map(int, fields[:8])
            return (user + nice + system + interrupts + soft + stolen) * TICK
    return 0.0
