"""A disk that fails when it is told to, under a daemon: tests/support/failing_disk.cc, preloaded."""
import mmap
import os
import struct
from pathlib import Path

LIBRARY = Path(os.environ.get("LAKETIDE_BINARY", "")).parent / "tests/liblaketide_failing_disk.so"
_NUMBERS = struct.Struct("<4q")  # as Control in failing_disk.cc
_BELOW = 256
FOR_EVER = 1 << 40


class FailingDisk:
    """Calls that make, write, name or sync files below a directory. Caller synchronises."""

    def __init__(self, directory):
        path = Path(directory) / "failing_disk"
        path.write_bytes(bytes(_NUMBERS.size + _BELOW))
        with open(path, "r+b") as file:
            self._control = mmap.mmap(file.fileno(), 0)
        self.environment = {"LD_PRELOAD": str(LIBRARY), "FAILING_DISK": str(path)}

    def fail(self, error, below, passes=0, times=FOR_EVER):
        """From now on: so many calls go well, then so many fail with `error`, an errno."""
        self.heal()
        text = str(below).encode()
        assert len(text) < _BELOW, text
        self._control[_NUMBERS.size:] = text.ljust(_BELOW, b"\0")
        _NUMBERS.pack_into(self._control, 0, 0, passes, times, 0)
        struct.pack_into("<q", self._control, 0, error)  # last: it is what the calls look at first

    def heal(self):
        _NUMBERS.pack_into(self._control, 0, 0, 0, 0, 0)

    @property
    def failed(self):
        """How many calls have failed since the last fail(), until heal()."""
        return _NUMBERS.unpack_from(self._control, 0)[3]
