"""A group of processes that together have a share of a core and no more: the CPU controller of cgroup version 2, else of version 1."""
import os
from pathlib import Path

from waiting import wait_until

PERIOD_US = 100_000


class NoShare(Exception):
    """This machine gives no such groups to this user; says why."""


def _mount(kind, controller=None):
    """Where the hierarchy is mounted, or None: proc(5), mountinfo."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        words = line.split()
        end = words.index("-")
        if words[end + 1] == kind and (controller is None or controller in words[end + 3].split(",")):
            return Path(words[4])
    return None


class CpuShare:
    """`cores` may be a fraction. A process that calls enter() is in the group, and so is what it starts. Caller synchronises."""

    def __init__(self, cores):
        self._quota_us = int(cores * PERIOD_US)
        self._folder = None

    def __enter__(self):
        v1, v2 = _mount("cgroup", "cpu"), _mount("cgroup2")
        try:
            if v1 is not None:
                self._make(v1, {"cpu.cfs_period_us": PERIOD_US, "cpu.cfs_quota_us": self._quota_us})
            elif v2 is not None:
                (v2 / "cgroup.subtree_control").write_text("+cpu")
                self._make(v2, {"cpu.max": f"{self._quota_us} {PERIOD_US}"})
            else:
                raise NoShare("no cgroup file system is mounted")
        except OSError as error:
            self.__exit__()
            raise NoShare(f"no group can be made: {error}") from error
        return self

    def __exit__(self, *_):
        if self._folder is not None and self._folder.exists():
            wait_until(self._removed, f"{self._folder} to be empty")

    def enter(self):
        """To be called by the process itself, such as between fork and exec."""
        (self._folder / "cgroup.procs").write_text("0")

    def throttled(self):
        """How often the group has used up its share of a period and had to wait."""
        told = dict(line.split() for line in (self._folder / "cpu.stat").read_text().splitlines())
        return int(told["nr_throttled"])

    def _make(self, mount, settings):
        self._folder = mount / f"laketide-test-{os.getpid()}"
        self._folder.mkdir()
        for name, value in settings.items():
            (self._folder / name).write_text(str(value))

    def _removed(self):
        try:
            self._folder.rmdir()
        except OSError:  # a process that was killed is still on its way out
            return False
        return True
