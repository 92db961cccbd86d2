#!/usr/bin/env python3
"""Kills a daemon at named failpoints and at random moments, under load, and asks the checker what became of the records.

As a library: KillLoop takes callables, so that it works with any way of starting servers. As a command it takes
one JSON file; every key is in README.md:

    kill_loop.py setup.json --random 20 --each-failpoint 1 --seed 7

Prints the totals and the last verdict as one JSON document. Exit 0 if nothing was violated, 1 else.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import postgres_table
from checker import check_all, make_promise, next_offsets
from feed import Feed
from record import RecordSpec
from verdict import Verdict

POLL_S = 0.02


class Stuck(Exception):
    """A condition that must come did not come within its deadline."""


def wait_until(condition, deadline_s, what):
    """Waits until condition() is true and returns its value; Stuck after deadline_s seconds."""
    pause, end = threading.Event(), time.monotonic() + deadline_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise Stuck(f"{what}: not within {deadline_s:.0f} s")
        pause.wait(POLL_S)
    return value


class ProcessDaemon:
    """One running daemon: a process of its own group. Confined to one thread.

    Anything with these four methods can take its place in a KillLoop.
    """

    def __init__(self, command, *, env=None, cwd=None, log=None, health_url=None):
        self._health_url = health_url
        with open(log or os.devnull, "ab") as output:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait(self, timeout_s):
        """The exit code (negative: the signal), or None if it still runs after timeout_s."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def stop(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def healthy(self):
        try:
            with urllib.request.urlopen(self._health_url, timeout=2) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False


class GeneratorLoad:
    """Sends records in the background while the daemon is being killed. `ends` are the acknowledged next indexes."""

    def __init__(self, brokers, feed, rate, first=None, client=None):
        from generator import Generator

        self._generator, self._feed, self._rate = Generator(brokers, feed, client), feed, rate
        self.ends = dict(first or dict.fromkeys(range(feed.partitions), 0))
        self._stop = self._thread = self._error = None

    def start(self):
        self._stop, self._error = threading.Event(), None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self):
        if self._thread is None:
            return self.ends
        self._stop.set()
        self._thread.join()
        if self._error:
            raise self._error
        return self.ends

    def records(self):
        """How many are acknowledged by now; may be asked while the load runs."""
        return sum(dict(self._generator.acknowledged).values())

    def at_rate(self, rate):
        """Goes on with so many records per second; may be called while the load runs."""
        self.stop()
        self._rate = rate
        self.start()

    def acknowledged(self):
        """Next index of each partition, as the broker has said by now; may be asked while the load runs."""
        return dict(self._generator.acknowledged)

    def _run(self):
        try:
            self.ends = self._generator.run(self.ends, 1 << 40, self._rate, self._stop)
        except Exception as error:  # handed to the thread that joins
            self._error = error


@dataclasses.dataclass
class Totals:
    """What a loop did. All durations in seconds."""

    seed: int
    rounds: int = 0
    random_kills: int = 0
    failpoint_kills: dict = dataclasses.field(default_factory=dict)  # name -> number
    failpoints_not_reached: dict = dataclasses.field(default_factory=dict)
    deaths_uninvited: list = dataclasses.field(default_factory=list)
    checks: int = 0
    records: int = 0
    slowest_start_s: float = 0.0
    seconds: float = 0.0


class KillLoop:
    """Confined to one thread.

    start(failpoints): a running daemon (see ProcessDaemon); failpoints is "name=kill@n" or None
    begin():           called once, when the first daemon is healthy: start the stream
    load:              start(), stop() -> acknowledged ends, in the background (see GeneratorLoad)
    caught_up(ends):   True when every sink's progress covers the acknowledged ends
    check(ends):       a Verdict; ends is None after a kill, when leftovers must be forgiven and nothing is due
    """

    def __init__(
        self,
        start,
        begin,
        load,
        caught_up,
        check,
        *,
        seed=0,
        kill_after_s=(0.2, 3.0),
        start_deadline_s=30.0,
        failpoint_deadline_s=20.0,
        catch_up_deadline_s=120.0,
        stop_deadline_s=30.0,
        check_every=0,
        log=None,
    ):
        self._start_daemon, self._begin, self._load, self._caught_up, self._check = (
            start,
            begin,
            load,
            caught_up,
            check,
        )
        self._random = random.Random(seed)
        self._kill_after, self._check_every = kill_after_s, check_every
        self._start_deadline, self._failpoint_deadline = start_deadline_s, failpoint_deadline_s
        self._catch_up_deadline, self._stop_deadline = catch_up_deadline_s, stop_deadline_s
        self._log = log or (lambda text: None)
        self.totals = Totals(seed)
        self.verdict = Verdict("kill loop", "loop")

    def run(self, failpoints=(), each=1, random_kills=20, max_hit=3):
        """Each failpoint is hit `each` times, at its 1st to max_hit-th passing; the order is drawn from the seed."""
        began = time.monotonic()
        rounds = [name for name in failpoints for _ in range(each)] + [None] * random_kills
        self._random.shuffle(rounds)
        try:
            self._first_start()
            for number, failpoint in enumerate(rounds, 1):
                self._round(failpoint, self._random.randint(1, max_hit))
                if self._check_every and number % self._check_every == 0:
                    self._take(self._check(None), f"after round {number}")
            self._finish()
        except Stuck as stuck:
            self.verdict.violation("stuck", f"round {self.totals.rounds}", str(stuck))
        self.totals.seconds = round(time.monotonic() - began, 1)
        return self.verdict

    def document(self):
        return {"totals": dataclasses.asdict(self.totals), "verdict": self.verdict.document()}

    def _first_start(self):
        daemon = self._healthy_daemon(None)
        try:
            self._begin()
            self._load.start()
            wait_until(
                lambda: daemon.wait(0) is not None or self._caught_up({}),
                self._catch_up_deadline,
                "first progress",
            )
            if (code := daemon.wait(0)) is not None:
                self._uninvited(code, "at its first start")
        finally:
            self._stop_load()
            daemon.kill()

    def _round(self, failpoint, hit):
        self.totals.rounds += 1
        daemon = self._start_daemon(f"{failpoint}=kill@{hit}" if failpoint else None)
        try:
            self._load.start()
            try:
                if failpoint:
                    self._wait_for_failpoint(daemon, failpoint)
                else:
                    self._kill_at_random(daemon)
            finally:
                self._stop_load()
        finally:
            daemon.kill()

    def _wait_for_failpoint(self, daemon, failpoint):
        code = daemon.wait(self._failpoint_deadline)
        if code == -signal.SIGKILL:
            kills = self.totals.failpoint_kills
            kills[failpoint] = kills.get(failpoint, 0) + 1
        elif code is None:
            missed = self.totals.failpoints_not_reached
            missed[failpoint] = missed.get(failpoint, 0) + 1
        else:
            self._uninvited(code, f"waiting for failpoint {failpoint}")
        self._log(
            f"round {self.totals.rounds}: failpoint {failpoint}: {'not reached' if code is None else code}"
        )

    def _kill_at_random(self, daemon):
        delay = self._random.uniform(*self._kill_after)
        code = daemon.wait(delay)
        if code is not None:
            self._uninvited(code, f"{delay:.2f} s after its start, before the kill")
            return
        daemon.kill()
        self.totals.random_kills += 1
        self._log(f"round {self.totals.rounds}: killed after {delay:.2f} s")

    def _uninvited(self, code, when):
        self.totals.deaths_uninvited.append({"round": self.totals.rounds, "code": code})
        self.verdict.violation("died_uninvited", f"round {self.totals.rounds}", f"exit code {code}, {when}")

    def _healthy_daemon(self, failpoints):
        began = time.monotonic()
        daemon = self._start_daemon(failpoints)
        try:
            wait_until(
                lambda: daemon.wait(0) is not None or daemon.healthy(),
                self._start_deadline,
                "the daemon is healthy",
            )
        except Stuck:
            daemon.kill()
            raise
        self.totals.slowest_start_s = max(self.totals.slowest_start_s, round(time.monotonic() - began, 3))
        return daemon

    def _finish(self):
        """The last start is left alone: it must catch up with no call made, and stop cleanly."""
        daemon = self._healthy_daemon(None)
        try:
            wait_until(
                lambda: daemon.wait(0) is not None or self._caught_up(self._load.ends),
                self._catch_up_deadline,
                "progress reaches the acknowledged ends",
            )
            daemon.stop()
            code = daemon.wait(self._stop_deadline)
            if code is None:
                raise Stuck(f"the daemon did not stop within {self._stop_deadline:.0f} s")
            if code != 0:
                self._uninvited(code, "at its last stop")
        finally:
            daemon.kill()
        self._take(self._check(self._load.ends), "at the end")

    def _stop_load(self):
        ends = self._load.stop()
        self.totals.records = sum(ends.values())

    def _take(self, verdict, when):
        self.totals.checks += 1
        self.verdict.counts.clear()
        self.verdict.counts.update(verdict.counts)
        for violation in verdict.violations:
            self.verdict.violations.append(dict(violation, where=f"{when}: {violation['where']}"))


# ---- the command: everything from one JSON file ---------------------------------------------------------------------

SETUP_KEYS = {
    "daemon",
    "health_url",
    "failpoint_env",
    "start",
    "brokers",
    "topic",
    "source",
    "partitions",
    "seed",
    "malformed",
    "malformed_from",
    "size",
    "rate",
    "pipeline",
    "sink",
    "delta",
    "quarantine",
    "postgres",
    "failpoints",
    "where",
    "tombstones",
}
REQUIRED_KEYS = {
    "daemon",
    "health_url",
    "brokers",
    "topic",
    "partitions",
    "seed",
    "pipeline",
    "sink",
    "delta",
}


def loop_of_setup(setup, seed, **options):
    """A KillLoop for a real daemon and a real Kafka, from the JSON description."""
    if (unknown := set(setup) - SETUP_KEYS) or (missing := REQUIRED_KEYS - set(setup)):
        raise SystemExit(
            f"set-up: unknown keys {sorted(unknown)}"
            if unknown
            else f"set-up: missing keys {sorted(missing)}"
        )
    spec = RecordSpec(
        setup["seed"],
        setup.get("size", 0),
        setup.get("malformed", 0.0),
        malformed_from=setup.get("malformed_from", 0),
    )
    feed = Feed(spec, setup["partitions"], setup.get("source", setup["topic"]), setup["topic"])
    promise = make_promise(
        setup["seed"],
        setup["partitions"],
        setup["pipeline"],
        setup["sink"],
        feeds=(feed,),
        where=setup.get("where"),
        tombstones=setup.get("tombstones", "skip"),
    )
    postgres = setup.get("postgres")  # {"dsn", "table", "sink", "schema"}
    daemon = setup["daemon"]  # {"command", "cwd", "env", "log"}
    variable = setup.get("failpoint_env", "LAKETIDE_FAILPOINTS")

    def start(failpoints):
        env = {**daemon.get("env", {}), **({variable: failpoints} if failpoints else {})}
        return ProcessDaemon(
            daemon["command"],
            env=env,
            cwd=daemon.get("cwd"),
            log=daemon.get("log"),
            health_url=setup["health_url"],
        )

    def begin():
        if "start" in setup:  # {"url", "body"}
            request = urllib.request.Request(
                setup["start"]["url"],
                json.dumps(setup["start"].get("body", {})).encode(),
                {"Content-Type": "application/json"},
                method="POST",
            )
            with urllib.request.urlopen(request, timeout=30):
                pass

    def caught_up(ends):
        reached = [next_offsets(setup["delta"], setup["pipeline"], setup["sink"])]
        if postgres:
            reached.append(
                postgres_table.next_offsets(
                    postgres["dsn"], setup["pipeline"], postgres["sink"], postgres.get("schema", "laketide")
                )
            )
        return all(offsets for offsets in reached) and all(
            offsets.get((feed.source, feed.topic, partition), 0) >= feed.last_needed(partition, end)
            for offsets in reached
            for partition, end in ends.items()
        )

    def check(ends):
        return check_all(
            promise,
            delta=setup["delta"],
            quarantine_path=setup.get("quarantine") if ends is not None else None,
            postgres=postgres and postgres["dsn"],
            pg_table=postgres and postgres["table"],
            pg_sink=postgres and postgres["sink"],
            pg_schema=(postgres or {}).get("schema", "laketide"),
            ends=ends,
            max_orphans=0 if ends is not None else 1 << 30,
        )

    load = GeneratorLoad(setup["brokers"], feed, setup.get("rate", 5000))
    return KillLoop(start, begin, load, caught_up, check, seed=seed, **options)


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("setup", type=pathlib.Path)
    parser.add_argument("--random", type=int, default=20, metavar="N", help="kills at random moments")
    parser.add_argument(
        "--each-failpoint", type=int, default=1, metavar="N", help="kills at each failpoint of the set-up"
    )
    parser.add_argument(
        "--seed", type=int, default=None, help="repeats a loop; default: drawn, and printed in the totals"
    )
    parser.add_argument(
        "--check-every", type=int, default=0, metavar="N", help="also check after every N-th kill"
    )
    args = parser.parse_args(argv)
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 32)
    setup = json.loads(args.setup.read_text())
    loop = loop_of_setup(
        setup, seed, check_every=args.check_every, log=lambda text: print(text, file=sys.stderr, flush=True)
    )
    verdict = loop.run(setup.get("failpoints", ()), args.each_failpoint, args.random)
    print(json.dumps(loop.document(), ensure_ascii=False, indent=1))
    return 0 if verdict.ok else 1


if __name__ == "__main__":
    sys.exit(main())
