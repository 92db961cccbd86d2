"""Deliberate mistakes in the engine, each behind a failpoint (LT_SEEDED_BUG), and a way to bring each to light.

They prove the proof: what is meant to find lost and doubled records must find these. `expose` runs one of them through
the lives it needs and returns what the checker says; kinds of violations, or the error under which the stream failed.
`delta.prepare.before=skip_sync` is no kill's matter: tests/sinks/delta/power_cut_test.cc finds it with a power cut.
"""

import dataclasses
import random
import subprocess
import threading
import time

import requests

import workload
from record import RecordSpec

LIFE_S = 1.2
LAST_S = 60.0


class DirtyTwins(workload.Twins):
    """Delta and PostgreSQL, with bad records, at a steady rate."""

    kind = "dirty"

    def _spec(self, draw):
        return RecordSpec(draw.randrange(1 << 30), malformed=0.05)

    def _layout(self, draw):
        return workload.Layout()

    def _rate(self, draw):
        return 2000


class SteadyWindows(workload.Windowed):
    """Windows into upsert tables at a steady rate."""

    kind = "steady"

    def _layout(self, draw):
        return workload.Layout()

    def _rate(self, draw):
        return 1000


@dataclasses.dataclass(frozen=True)
class Bug:
    """Immutable. `armed`: the mistake, made every time. `deaths`: the lives before the last; "" is a kill at random."""

    armed: str
    what: str
    found_as: tuple  # each of these must be reported; a set: at least one of it
    deaths: tuple = ("",)
    line: type = DirtyTwins


BUGS = {
    "ledger before sink": Bug(
        "epoch.planned=ledger_first@every",
        "the ledger says committed before any sink does",
        ("sink_behind",),
        ("delta.commit.before=kill@4",),
    ),
    "end off by one, early": Bug(
        "epoch.prepare.before=end_early@every",
        "the next offset is one less than what was written",
        ("unexpected",),
    ),
    "end off by one, late": Bug(
        "epoch.prepare.before=end_late@every", "the next offset is one more than what was written", ("lost",)
    ),
    "generation not raised": Bug(
        "delta.claim.before=same_generation@every",
        "a start takes the table over under the generation of its last owner",
        ("generation_not_raised",),
    ),
    "leftovers kept": Bug(
        "delta.claim.after=keep_leftovers@every",
        "files that a dead process had prepared stay",
        ("orphan_file",),
        ("delta.prepare.after=kill@3",),
    ),
    "replay over another range": Bug(
        "epoch.prepared=other_range@every",
        "an epoch that one sink lacks is run again with one record more",
        ("duplicated",),
        ("delta.commit.after=kill@4", ""),
    ),
    "progress outside the transaction": Bug(
        "postgres.prepare.before=skip_progress@every",
        "rows are committed in PostgreSQL without their progress",
        ({"postgres_rows", "sink_behind"},),  # the latter where the engine looks before the checker does
    ),
    "statistics cut": Bug(
        "lake.commit.before=cut_time@every",
        "the maximum of a time is cut to milliseconds instead of rounded up",
        ("stats_false",),
    ),
    "file left out": Bug(
        "delta.prepare.before=drop_file@3",
        "a prepared file is not named by its commit",
        ("lost", "orphan_file"),
        (),
    ),
    "rejects dropped": Bug(
        "epoch.prepare.before=drop_rejects@3", "bad records of an epoch vanish", ("lost", "accounts"), ()
    ),
    "older state": Bug(
        "state.write.after=old_state@every",
        "after a start the state is that of the epoch before the last",
        ({"window_wrong", "state_lost"},),  # as the older version is still there, or is not
        ("", ""),
        SteadyWindows,
    ),
}


def expose(bug, kafka, postgres, name, make_daemon):
    """What is found: a set of kinds of violations and of error codes. Empty: nothing was. `bug` None: no mistake is made."""
    line = (bug.line if bug else DirtyTwins)(kafka, postgres, name, random.Random(11))
    daemon = make_daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}}, None)
    armed = bug.armed if bug else ""
    found = set()
    try:
        for number, death in enumerate(bug.deaths if bug else ("delta.commit.after=kill@4", "")):
            daemon.start(";".join(filter(None, (armed, death))), wait=not number)
            if not number:
                line.begin(daemon)
            line.load.start()
            if not death:
                _go_on(daemon, line)
            _die(daemon, LIFE_S if not death else 60.0)
            line.load.stop()
        found |= _settle(daemon.start(armed) if not daemon.running else daemon, line)
        daemon.kill()
        verdict = line.verdict(daemon.lake, line.load.ends)
        found |= verdict.kinds()
        if any("postgres" in violation["where"] for violation in verdict.violations):
            found.add("postgres_rows")
        return found
    finally:
        line.load.stop()
        daemon.kill()


def _go_on(daemon, line):
    """Until the line has got further than it was, for what is killed before that has done nothing; or the engine has seen the mistake itself."""
    before = sum(line.progress(daemon.lake).values())
    daemon.wait_for(
        lambda: sum(line.progress(daemon.lake).values()) > before or (daemon.stream(line.name) or {}).get("state") == "FAILED",
        f"{line.name} to go on",
        LAST_S,
    )


def _die(daemon, seconds):
    try:
        daemon.wait_exit(seconds)
    except subprocess.TimeoutExpired:
        daemon.kill()


def _settle(daemon, line):
    """Runs on under load and then without, until all has arrived or cannot arrive any more. Returns the error's code."""
    if not (daemon.stream(line.name) or {}).get("state"):
        line.begin(daemon)
    line.load.start()
    pause = threading.Event()
    pause.wait(LIFE_S)
    ends = line.load.stop()
    deadline = time.monotonic() + LAST_S
    while time.monotonic() < deadline and not line.caught_up(daemon.lake, ends):
        try:
            stream = daemon.stream(line.name) or {}
        except requests.RequestException:
            stream = {}
        if stream.get("state") == "FAILED":
            return {stream["error"]["code"]}
        pause.wait(0.1)
    return set() if line.caught_up(daemon.lake, ends) else {"stuck"}
