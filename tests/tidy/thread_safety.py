#!/usr/bin/env python3
"""What a mutex guards is touched under it: clang's thread-safety analysis of the rooms where threads meet.

Usage: thread_safety.py SOURCE_DIR BUILD_DIR CLANG     exit 0: clean, 1: findings, 77: there is no clang (ctest skips)

BUILD_DIR's compile_commands.json says with which flags a room is compiled. Files that no Mutex can reach are left out.
"""
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from cpp_text import code_only
from edges import INCLUDE
from tree import CPP, Finding, Tree

ROOMS = ("base", "scheduler", "flow", "execution", "kafka", "ledger", "sinks/postgres")
MUTEX_H = "src/base/mutex.h"
BARE = re.compile(r"std::(mutex|shared_mutex|recursive_mutex|lock_guard|unique_lock|scoped_lock|condition_variable(_any)?)\b")
SKIPPED = 77


def bare_mutexes(tree, rooms):
    """Locks that the analysis cannot see."""
    for path in room_files(tree, rooms):
        if path == MUTEX_H:
            continue
        for number, line in enumerate(code_only(tree.read(path)).splitlines(), 1):
            if BARE.search(line):
                yield Finding(path, number, "mutex", f"use Mutex, MutexLock and CondVar of {MUTEX_H}, and LT_GUARDED_BY for what they guard")


def room_files(tree, rooms, suffixes=CPP):
    wanted = {f"src/{room}" for room in rooms}
    return [path for path in tree.under("src", suffixes=suffixes) if str(PurePosixPath(path).parent) in wanted]


def own_includes(tree, path, known):
    """The headers of src/ that a file includes, directly or not."""
    if path not in known:
        known[path] = set()
        for line in tree.read(path).splitlines():
            included = INCLUDE.match(line)
            header = included and "src/" + included.group(2)
            if header and tree.holds(header):
                known[path] |= {header} | own_includes(tree, header, known)
    return known[path]


def to_analyse(tree, rooms):
    """Sources that a Mutex reaches, and headers with one that none of those sources includes."""
    known = {}
    sources = [path for path in room_files(tree, rooms, (".cc",)) if MUTEX_H in own_includes(tree, path, known)]
    seen = set().union(*(known[path] for path in sources)) if sources else set()
    headers = [path for path in room_files(tree, rooms, (".h",)) if MUTEX_H in own_includes(tree, path, known) and path not in seen]
    return sources + headers


def flags(build_dir, room):
    """Definitions, include paths and language of a room's library."""
    target = f"laketide_{room.replace('/', '_')}.dir/"
    for entry in json.loads((Path(build_dir) / "compile_commands.json").read_text()):
        if target not in entry["command"]:
            continue
        found, words = [], iter(shlex.split(entry["command"]))
        for word in words:
            if word == "-isystem":
                found += [word, next(words)]
            elif word.startswith(("-D", "-I", "-std=")):
                found.append(word)
        return found
    raise SystemExit(f"{build_dir}/compile_commands.json knows no file of {target}")


def analyse(tree, path, clang, flags_of):
    room = str(PurePosixPath(path).parent.relative_to("src"))
    run = subprocess.run([clang, *flags_of[room], "-fsyntax-only", "-Wno-everything", "-Wthread-safety", "-Werror=thread-safety", "-x", "c++", path],
                         cwd=tree.root, capture_output=True, text=True)
    return run.stderr if run.returncode else ""


def main(source_dir, build_dir, clang):
    tree = Tree(source_dir)
    wrong = [str(finding) for finding in bare_mutexes(tree, ROOMS)]
    has_clang = os.access(clang, os.X_OK)
    if has_clang:
        flags_of = {room: flags(build_dir, room) for room in ROOMS}
        with ThreadPoolExecutor(os.cpu_count()) as workers:
            wrong += filter(None, workers.map(lambda path: analyse(tree, path, clang, flags_of), to_analyse(tree, ROOMS)))
    print("\n".join(wrong) or ("clean" if has_clang else "skipped: no clang++; install the packages of tests/packages.txt"))
    return 1 if wrong else 0 if has_clang else SKIPPED


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
