"""Who may include whom, and who may own threads, catch exceptions or sleep: src/rooms.txt against the sources."""
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from cpp_text import code_only
from tree import CPP, Finding

TABLE = "src/rooms.txt"
GRANTS = {"threads", "catch", "sleep"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
POSIX = re.compile(r"(arpa|linux|net|netinet|sys)/[a-z0-9_]+\.h|"
                   r"(dirent|dlfcn|endian|errno|fcntl|fnmatch|getopt|glob|grp|ifaddrs|limits|netdb|poll|pthread|pwd|regex|sched|semaphore|signal|spawn|stdlib|string|"
                   r"syslog|termios|time|unistd|malloc|cpuid|immintrin|cxxabi|execinfo|link)\.h")
# Headers so heavy that a header of ours may not pass them on (a forward-declaring header or a private class does instead).
HEAVY = ("arrow/api.h", "arrow/compute/api.h", "arrow/dataset/", "arrow/acero/", "parquet/", "boost/", "CLI/", "spdlog/",
         "prometheus/", "yaml-cpp/", "simdjson.h", "nlohmann/json.hpp", "pg_query")
UMBRELLA = ("arrow/api.h", "arrow/compute/api.h")
PERMITTED = [
    ("threads", re.compile(r"std::(jthread|thread|condition_variable(_any)?|async)\b(?!::(id|hardware_concurrency))|\b(pthread_create|CondVar)\b"),
     "only the rooms granted `threads` in src/rooms.txt own threads or wait on condition variables; use scheduler's workers and io actors"),
    ("catch", re.compile(r"\bcatch\s*\("),
     "only the rooms granted `catch` in src/rooms.txt call libraries that throw; return a Status"),
    ("sleep", re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|clock_nanosleep)\b|(?<![\w.:])sleep\s*\("),
     "wait for a condition with a deadline instead"),
]


@dataclass(frozen=True)
class Room:
    name: str
    grants: frozenset
    third_party: tuple
    edges: frozenset


def rooms(tree):
    """The table, and what is wrong with it."""
    table, findings = {}, []
    if not tree.holds(TABLE):
        return table, [Finding(TABLE, 1, "rooms", "missing: the table of rooms")]
    for number, line in enumerate(tree.read(TABLE).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        columns = [column.split() for column in line.split("|")]
        if len(columns) != 4 or len(columns[0]) != 1:
            findings.append(Finding(TABLE, number, "rooms", "expected: room | grants | third-party headers | rooms"))
            continue
        room = Room(columns[0][0], frozenset(columns[1]), tuple(columns[2]), frozenset(columns[3]))
        for unknown in sorted(room.grants - GRANTS):
            findings.append(Finding(TABLE, number, "rooms", f"unknown grant '{unknown}'; known: {', '.join(sorted(GRANTS))}"))
        for above in sorted(room.edges - table.keys()):
            findings.append(Finding(TABLE, number, "rooms", f"'{room.name}' points at '{above}', which does not stand below it"))
        table[room.name] = room
    return table, findings


def check(tree):
    table, findings = rooms(tree)
    for path in tree.under("src", "include", suffixes=CPP):
        folder = str(PurePosixPath(path).parent)
        if folder == "include/laketide":
            room = Room(folder, frozenset(), (), frozenset())
        else:
            room = table.get(folder.removeprefix("src/"))
        if room is None:
            findings.append(Finding(path, 1, "rooms", f"'{folder}' is no room of {TABLE}"))
            continue
        findings += _includes(tree, path, room, table) + _permissions(tree, path, room)
    tests = Room("tests", frozenset({"threads", "catch"}), (), frozenset())
    for path in tree.under("tests", "bench", suffixes=CPP):
        findings += _permissions(tree, path, tests)
    return findings


def _includes(tree, path, room, table):
    findings = []
    third_party = {prefix for other in table.values() for prefix in other.third_party}
    for number, line in enumerate(tree.read(path).splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, name = match.group(1) == '"', match.group(2)

        def wrong(rule, message):
            findings.append(Finding(path, number, rule, message))

        if path.endswith(".h") and name.startswith(HEAVY):
            wrong("heavy", f"{name} in a header costs every file that includes it: forward-declare, or move it into the .cc")
        elif name in UMBRELLA:
            wrong("heavy", f"{name} costs 5-10 s a file: include the headers you use")
        if name.startswith("laketide/"):
            if not tree.holds("include/" + name):
                wrong("edge", f"{name} does not exist")
        elif name.startswith(tuple(third_party)) and not tree.holds("src/" + name):
            if not name.startswith(room.third_party or ("\0",)):
                wrong("third-party", f"'{room.name}' may not include {name}; the rooms that may are in {TABLE}")
        elif quoted:
            target = str(PurePosixPath(name).parent)
            if target not in table:
                wrong("edge", f'"{name}": paths start at src/ and name a room of {TABLE}')
            elif target != room.name and target not in room.edges:
                wrong("edge", f"'{room.name}' may not include '{target}'; its edges are in {TABLE}")
        elif "/" in name or "." in name:
            if not POSIX.fullmatch(name):
                wrong("third-party", f"<{name}> is neither standard nor POSIX nor in {TABLE}")
    return findings


def _permissions(tree, path, room):
    code = code_only(tree.read(path))
    return [Finding(path, code.count("\n", 0, match.start()) + 1, grant, message)
            for grant, pattern, message in PERMITTED if grant not in room.grants for match in pattern.finditer(code)]
