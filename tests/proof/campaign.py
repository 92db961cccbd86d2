#!/usr/bin/env python3
"""Rounds of random faults under random load, with random configuration, for as long as is asked; then the totals.

    run.sh --minutes 30                 a new seed, which is printed
    run.sh --hours 8 --seed 41
    run.sh --seed 41 --round 17         one round again: all that is drawn follows from seed and round
    run.sh --hectic --hours 1           many more and shorter lives in a round: kills by the thousand
    run.sh --soak 2                     two hours without kills: does anything grow?

Prints a line per round, and at the end one JSON document. Exit 0 if nothing was violated.
"""

import argparse
import collections
import copy
import json
import os
import pathlib
import random
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "services"))

from daemon import Daemon  # noqa: E402
from proxy import Proxy  # noqa: E402
from servers import MADE, KafkaBroker, PostgresServer  # noqa: E402

from storm import HECTIC, USUAL, Storm  # noqa: E402


class Servers:
    """The broker and the database of a campaign, and the lines by which a daemon reaches them. Confined to one thread."""

    def __init__(self, broker=None):
        """`broker`: settings of it."""
        # A broker that gets no time for as long as its session lasts is fenced by its own controller, and then writes the marker that ends a
        # transaction a second time: no offset behind it is where the layout says.
        self._settings = {
            "log.retention.ms": "-1",
            "log.segment.delete.delay.ms": "1000",
            "broker.session.timeout.ms": "6000",
            **(broker or {}),
        }

    def __enter__(self):
        self.lines = {"broker": Proxy().__enter__(), "PostgreSQL": Proxy().__enter__()}
        # A transaction that a killed daemon left open must not stand in the way for long, nor a database that was frozen.
        self.kafka = KafkaBroker(settings=self._settings)
        self.kafka.behind(self.lines["broker"]).start()
        self.postgres = PostgresServer().start()
        self.lines["PostgreSQL"].target = self.postgres.place
        return self

    def __exit__(self, *_):
        self.kafka.close()
        self.postgres.close()
        for line in self.lines.values():
            line.__exit__()

    def config(self):
        """What a service file says of them."""
        postgres = f"postgresql://laketide@{self.lines['PostgreSQL'].address}/postgres"
        return {"kafka": {"brokers": self.lines["broker"].address}, "postgres": {"url": postgres}}


def make_daemon(config, lake):
    """A stopped daemon with a directory of its own; `lake`: of the daemon that it takes over from."""
    own = {key: value for key, value in config.items() if key not in ("state", "pipelines", "lake")}
    own["server"] = {key: value for key, value in config.get("server", {}).items() if key != "listen"}
    if lake:
        own["lake"] = {"root": str(lake)}
    daemon = Daemon(own)
    if lake:
        daemon.lake = lake
    return daemon


def empty_totals(seed):
    return {
        "seed": seed,
        "rounds": 0,
        "lives": 0,
        "random_kills": 0,
        "failpoint_kills": 0,
        "hangs": 0,
        "errors_armed": 0,
        "refused_starts": 0,
        "stops": 0,
        "jobs": 0,
        "records": 0,
        "checks": 0,
        "slowest_recovery_s": 0.0,
        "seconds": 0.0,
        "faults": collections.Counter(),
        "points": collections.Counter(),
        "checked": collections.Counter(),
        "violations": 0,
    }


def run_rounds(seed, numbers, deadline, log, pace=USUAL):
    """Rounds until the deadline (a monotonic time) or the numbers end. Returns (totals, [failed documents])."""
    totals, failed = empty_totals(seed), []
    with Servers() as servers:
        for number in numbers:
            made, before = len(MADE), copy.deepcopy(totals)
            try:
                verdict = Storm(seed, number, servers, make_daemon, totals, log, pace).run()
            except KeyboardInterrupt:
                log(f"interrupted; round {number}, which nobody has judged, does not count")
                return before, failed
            totals["rounds"] += 1
            totals["violations"] += len(verdict.violations)
            if verdict.ok:
                while len(MADE) > made:  # what passed leaves nothing behind
                    shutil.rmtree(MADE.pop(), ignore_errors=True)
            else:
                failed.append(
                    dict(
                        verdict.document(),
                        repeat=f"run.sh {'--hectic ' if pace is HECTIC else ''}--seed {seed} --round {number}",
                        kept=[str(path) for path in MADE[made:]],
                    )
                )
                log(json.dumps(failed[-1], ensure_ascii=False, indent=1))
            log(
                f"round {number}: {'good' if verdict.ok else 'VIOLATED'}; so far {totals['random_kills']} random kills, "
                f"{totals['failpoint_kills']} at failpoints, {sum(totals['faults'].values())} other faults, {totals['records']} records, "
                f"{totals['violations']} violations"
            )
            if time.monotonic() > deadline:
                break
    return totals, failed


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="run.sh", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, metavar="N")
    parser.add_argument("--minutes", type=float, metavar="N")
    parser.add_argument("--seed", type=int, metavar="S")
    parser.add_argument("--round", type=int, metavar="K", help="this round alone")
    parser.add_argument("--rounds", type=int, metavar="N", help="so many rounds, however long they take")
    parser.add_argument("--hectic", action="store_true", help="60 to 120 short lives a round")
    parser.add_argument("--soak", type=float, metavar="HOURS")
    args = parser.parse_args(argv)
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 31)
    print(f"seed {seed}", flush=True)

    def log(text):
        print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)

    if args.soak is not None:
        from soak import soak

        document = soak(seed, args.soak * 3600, log)
        print(json.dumps(document, ensure_ascii=False, indent=1))
        return 0 if document["ok"] else 1
    numbers = [args.round] if args.round is not None else range(args.rounds or sys.maxsize)
    if not (args.hours or args.minutes or args.round is not None or args.rounds):
        parser.error("say how long: --hours, --minutes, --rounds, --round or --soak")
    seconds = (args.hours or 0) * 3600 + (args.minutes or 0) * 60
    totals, failed = run_rounds(seed, numbers, time.monotonic() + (seconds or float("inf")), log, HECTIC if args.hectic else USUAL)
    print(json.dumps({"totals": totals, "failed": failed}, ensure_ascii=False, indent=1))
    return 1 if failed else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    sys.exit(main())
