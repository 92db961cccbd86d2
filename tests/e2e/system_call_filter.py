"""A unit's SystemCallFilter= as systemd would set it, for a process that a test starts: what is not in it ends the process."""
import ctypes
import errno
import re
import socket
import subprocess

SCMP_ACT_KILL_PROCESS, SCMP_ACT_ALLOW, SCMP_ACT_ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
SCMP_CMP_EQ, SCMP_CMP_MASKED_EQ = 4, 7
PROT_WRITE, PROT_EXEC = 2, 4
UNKNOWN = -1


class Comparison(ctypes.Structure):
    """struct scmp_arg_cmp of seccomp.h."""
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def members(group):
    """The calls of a group such as @system-service, of the installed systemd; groups in it are followed."""
    shown = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", group], capture_output=True, text=True, check=True).stdout
    found = set()
    for word in re.findall(r"^\s+([@a-z][\w-]*)\s*$", re.sub(r"\x1b\[[0-9;]*m", "", shown), re.MULTILINE):
        found |= members(word) if word.startswith("@") else {word}
    return found


def allowed(lines):
    """The calls that the values of a unit's SystemCallFilter= lines leave."""
    calls = set()
    for line in lines:
        names = set().union(*(members(word) if word.startswith("@") else {word} for word in line.removeprefix("~").split()))
        calls = calls - names if line.startswith("~") else calls | names
    return calls


class SystemCallFilter:
    """Made before the process is; `apply` in the child, just before it becomes the program. Caller synchronises."""

    def __init__(self, calls, families):
        """`families`: as of RestrictAddressFamilies=; a socket of another one is refused, which programs must live with."""
        self._lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._lib.seccomp_init.restype = ctypes.c_void_p
        self._lib.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
        self._lib.seccomp_load.argtypes = [ctypes.c_void_p]
        self._filter = ctypes.c_void_p(self._lib.seccomp_init(SCMP_ACT_KILL_PROCESS))
        # systemd always lets a process become another program and end itself.
        for name in calls | {"execve", "exit", "exit_group", "rt_sigreturn", "sigreturn"}:
            number = self._lib.seccomp_syscall_resolve_name(name.encode())
            if number == UNKNOWN:
                continue
            comparisons = ()
            # MemoryDenyWriteExecute=: no memory that is written and run, nor made to be run later.
            if name in ("mmap", "mmap2"):
                self._allow(number, Comparison(2, SCMP_CMP_MASKED_EQ, PROT_WRITE, 0))
                comparisons = (Comparison(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),)
            elif name in ("mprotect", "pkey_mprotect"):
                comparisons = (Comparison(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),)
            elif name == "socket":
                for family in socket.AddressFamily:
                    action = SCMP_ACT_ALLOW if family.name in families.split() else SCMP_ACT_ERRNO | errno.EAFNOSUPPORT
                    self._rule(action, number, Comparison(0, SCMP_CMP_EQ, family, 0))
                continue
            self._allow(number, *comparisons)

    def apply(self):
        if self._lib.seccomp_load(self._filter) != 0:
            raise OSError("the filter was refused")

    def _allow(self, number, *comparisons):
        self._rule(SCMP_ACT_ALLOW, number, *comparisons)

    def _rule(self, action, number, *comparisons):
        array = (Comparison * len(comparisons))(*comparisons)
        # A call of another architecture cannot be added, and need not be.
        self._lib.seccomp_rule_add_array(self._filter, action, number, len(comparisons), array)
