"""The server in a pid namespace of its own, where it is process 1."""
import shutil
import subprocess

import processes
from framework import Skip
from harness import Server, until


def need_namespace():
    for tool in ("unshare", "nsenter"):
        if not shutil.which(tool):
            raise Skip(f"{tool} is not installed")
    tried = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"],
                           capture_output=True)
    if tried.returncode != 0:
        raise Skip(f"no pid namespace can be made here: {tried.stderr.decode().strip()}")


class AsProcessOne(Server):
    """`before_it`: shell commands that run in the namespace before the server takes their place."""

    def __init__(self, *args, before_it="", **options):
        need_namespace()
        wrap = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
        if before_it:
            wrap += ["sh", "-c", before_it + '; exec "$0" "$@"']
        super().__init__(*args, wrap=wrap, **options)

    @property
    def pid(self):
        """As this side of the namespace sees it."""
        inside = until(lambda: processes.children(self.process.pid), 5, "a process 1")
        return inside[0]

    def run_inside(self, program, *args, **options):
        """Starts a Python program in the namespace; what it leaves behind is the server's."""
        return subprocess.Popen(["nsenter", "--target", str(self.pid), "--pid", "--mount",
                                 "python3", "-c", program, *map(str, args)], **options)
