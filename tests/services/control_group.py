"""A group of processes that together have a share of the cores, or so much memory, and no more: cgroup version 1 or 2, as it is mounted."""
import os
from pathlib import Path

from waiting import wait_until

PERIOD_US = 100_000


class NoGroup(Exception):
    """This machine gives no such groups to this user; says why."""


def _mount(kind, controller=None):
    """Where the hierarchy is mounted, or None: proc(5), mountinfo."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        words = line.split()
        end = words.index("-")
        if words[end + 1] == kind and (controller is None or controller in words[end + 3].split(",")):
            return Path(words[4])
    return None


class ControlGroup:
    """`cores` may be a fraction. A process that calls enter() is in the group, and so is what it starts. Caller synchronises."""

    def __init__(self, cores=None, memory_bytes=None):
        quota = int((cores or 0) * PERIOD_US)
        # controller: files of version 1, files of version 2
        self._wanted = {}
        if cores:
            self._wanted["cpu"] = ({"cpu.cfs_period_us": PERIOD_US, "cpu.cfs_quota_us": quota}, {"cpu.max": f"{quota} {PERIOD_US}"})
        if memory_bytes:
            self._wanted["memory"] = ({"memory.limit_in_bytes": memory_bytes}, {"memory.max": memory_bytes})
        self._folders = {}  # controller: folder

    def __enter__(self):
        try:
            for controller, (first, second) in self._wanted.items():
                v1, v2 = _mount("cgroup", controller), _mount("cgroup2")
                if v1 is None and v2 is None:
                    raise NoGroup("no cgroup file system is mounted")
                if v1 is None:
                    (v2 / "cgroup.subtree_control").write_text(f"+{controller}")
                self._make(controller, v1 or v2, first if v1 else second)
        except OSError as error:
            self.__exit__()
            raise NoGroup(f"no group can be made: {error}") from error
        return self

    def __exit__(self, *_):
        for folder in set(self._folders.values()):
            wait_until(lambda folder=folder: self._removed(folder), f"{folder} to be empty")

    def enter(self):
        """To be called by the process itself, such as between fork and exec."""
        for folder in set(self._folders.values()):
            (folder / "cgroup.procs").write_text("0")

    def throttled(self):
        """How often the group has used up its share of a period and had to wait."""
        told = dict(line.split() for line in (self._folders["cpu"] / "cpu.stat").read_text().splitlines())
        return int(told["nr_throttled"])

    def _make(self, controller, mount, settings):
        folder = mount / f"laketide-test-{os.getpid()}"
        folder.mkdir(exist_ok=folder in self._folders.values())
        self._folders[controller] = folder
        for name, value in settings.items():
            (folder / name).write_text(str(value))

    @staticmethod
    def _removed(folder):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError:  # a process that was killed is still on its way out
            return False
        return True
