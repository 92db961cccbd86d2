"""What a process has used so far, read from /proc."""
import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def _times(pid):
    """utime, stime, cutime, cstime in ticks, and the parent. The last two are of children that have ended and were waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return [int(field) for field in fields[11:15]], int(fields[1])


def own_cpu(pid):
    """CPU seconds of all its threads, user and system."""
    (user, system, _, _), _ = _times(pid)
    return (user + system) / TICKS


def own_cpu_exactly(pid):
    """The same in nanoseconds, for what uses little; of threads that live, so only a difference over a time in which none ends."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            total += int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0])
        except OSError:
            continue  # ended meanwhile
    return total


def family_cpu(pid):
    """CPU seconds of a server that works in child processes: its own, its children's, and those of children that have ended."""
    # A child that ends while we look is counted nowhere, or twice: look again until it is one or the other.
    before, now = None, _family_cpu_once(pid)
    while before is None or abs(now - before) > 2 / TICKS:
        before, now = now, _family_cpu_once(pid)
    return now


def _family_cpu_once(pid):
    total = sum(_times(pid)[0])
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            times, parent = _times(entry)
        except (OSError, IndexError):
            continue  # ended meanwhile
        if parent == pid:
            total += sum(times)
    return total / TICKS


def peak_rss_mib(pid):
    """The most memory that was ever resident."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"{pid} has no memory of its own")
