"""A program whose every process is watched: which files it opens or executes, and whom it signals."""
import os
import re
import shutil
import subprocess
import tempfile

from framework import Skip

OPENS = ("open", "openat", "openat2", "creat", "execve", "execveat")
SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal")
FORKS = ("fork", "vfork", "clone", "clone3")
FORKED = re.compile(r"^\d+ +(?:<\.\.\. )?(?:v?fork|clone3?)\b.* = (\d+)$")
CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
FOLDER = re.compile(r"^(?:AT_FDCWD|\d+)<([^>]*)>, ")
PIDFD = re.compile(r"^\d+<pid:(\d+)>")

# What a server reads of its machine, by its own choice.
OF_THE_MACHINE = ("/proc", "/sys/fs/cgroup", "/sys/devices/system/cpu", "/sys/kernel/mm", "/etc",
                  "/dev/null", "/usr/lib/debug", "/usr/lib/locale", "/usr/share/zoneinfo")


class Watch:
    """`wrap` goes before the program, `environment` to it; then look at `opened` and `signalled`."""

    def __init__(self):
        if not shutil.which("strace"):
            raise Skip("strace is not installed")
        how = ["strace", "-f", "--seccomp-bpf", "--decode-fds=path,pidfd"]
        works = subprocess.run([*how, "true"], capture_output=True, text=True)
        if works.returncode != 0:
            raise Skip(f"strace does not do what is needed: {works.stderr.strip()[-200:]}")
        self._report = tempfile.NamedTemporaryFile("r", prefix="samjoko-strace-", errors="replace")
        self.wrap = [*how, "-qq", "-o", self._report.name, "-s", "4096", "-e", "signal=none", "-e",
                     "trace=" + ",".join(OPENS + SIGNALS + FORKS)]
        # A search for leaks stops all threads by ptrace(2), which strace has taken.
        given = os.environ.get("ASAN_OPTIONS", "")
        self.environment = {"ASAN_OPTIONS": f"{given}:detect_leaks=0".lstrip(":")}

    def close(self):
        self._report.close()

    def calls(self):
        """(who, call, its arguments) of each call that was begun."""
        self._report.seek(0)
        return [found.groups() for found in map(CALL.match, self._report) if found]

    def opened(self):
        paths = set()
        for _, call, rest in self.calls():
            if call not in OPENS:
                continue
            text = TEXT.search(rest)
            assert text, f"no path can be read in {call}({rest}"
            folder = FOLDER.match(rest)
            paths.add(os.path.normpath(os.path.join(folder[1] if folder else "/", text[1])))
        return paths

    def signalled(self):
        """Pids; of a group (kill of a negative number) that of its leader."""
        pids = set()
        for _, call, rest in self.calls():
            if call not in SIGNALS:
                continue
            found = PIDFD.match(rest) if call == "pidfd_send_signal" else re.match(r"^(-?\d+)", rest)
            assert found, f"nobody can be read in {call}({rest}"
            pids.add(int(found[1]))
        return pids

    def family(self):
        """Every process and thread that there was."""
        found = {int(pid) for pid, _, _ in self.calls()}
        self._report.seek(0)
        return found | {int(made[1]) for made in map(FORKED.match, self._report) if made}

    def check(self, ours):
        """Nothing was opened but these paths and the machine's; nobody was signalled but the program's
        own processes."""
        seen = self.opened()
        assert any(path.startswith("/proc/") for path in seen), f"nothing was watched: {seen}"
        libraries = ("/lib/", "/lib64/", "/usr/lib/x86_64-linux-gnu/", "/usr/lib/aarch64-linux-gnu/")
        foreign = [path for path in seen
                   if path not in ours and path != "/" and not path.startswith(libraries)
                   and not any(path == each or path.startswith(each + "/")
                               for each in OF_THE_MACHINE)]
        assert not foreign, f"opened: {sorted(foreign)}"
        family = self.family()
        strangers = {pid for pid in self.signalled() if abs(pid) not in family or pid in (0, -1)}
        assert not strangers, f"signalled: {strangers}, which are not of {family}"


def files_mapped_by(pid):
    with open(f"/proc/{pid}/maps") as maps:
        fields = (line.split(None, 5) for line in maps)
        return {each[5].strip() for each in fields if len(each) == 6 and each[5].startswith("/")}
