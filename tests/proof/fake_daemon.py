#!/usr/bin/env python3
"""A stand-in for the daemon in the tests of kill_loop.py: the epoch protocol in fifty lines, right or with a bug.

It "consumes" a topic that is a JSON file of end offsets (or, with --brokers, a real one), writes a Delta table with tiny_delta.py, answers /health,
and dies at failpoints like the real one. `--bug` makes one of the mistakes that the loop must find.
"""

import argparse
import http.server
import json
import os
import pathlib
import signal
import sys
import threading

from delta_log import DeltaLog, physical_path
from feed import Feed
from record import RecordSpec
from tiny_delta import RECORD_SCHEMA, TinySink, TinyTable, good_rows
from verdict import Verdict

BUGS = ("none", "ledger_after_sink", "ledger_before_sink", "crash", "keeps_leftovers", "never_stops")
EPOCH_RECORDS = 20


class Failpoints:
    def __init__(self, text):
        name, _, action = text.partition("=kill@")
        self._name, self._left = name, int(action or 0)

    def reach(self, name):
        if name == self._name:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_):
        pass


def remove_leftovers(table):
    log = DeltaLog(table.root).read(Verdict("leftovers"))
    named = {physical_path(add["path"]) for commit in log.commits for add in commit.adds}
    for name in log.orphans(named):
        (table.root / name).unlink()
    for name in log.strays:
        (table.log / name).unlink()


def write_whole(path, text):
    """All of it or, for one that is killed meanwhile, what stood there before."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def topic_ends(args):
    if args.brokers:
        from generator import end_offsets

        return end_offsets(args.brokers, args.topic, 2)
    return {int(p): end for p, end in json.loads((args.root / "topic.json").read_text()).items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--brokers")
    parser.add_argument("--topic", default="events")
    parser.add_argument("--bug", choices=BUGS, default="none")
    args = parser.parse_args()
    # Held back and asked for, in this thread alone: a handler may run while an Event is being waited for, and setting it then waits for itself.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    server = http.server.HTTPServer(("127.0.0.1", args.port), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    failpoints = Failpoints(os.environ.get("LAKETIDE_FAILPOINTS", ""))
    feed = Feed(RecordSpec(args.seed, malformed=0.05), 2, args.topic, args.topic)
    table = TinyTable(args.root / "events", RECORD_SCHEMA)
    if args.bug != "keeps_leftovers":
        remove_leftovers(table)
    sink = TinySink(table, good_rows(feed), "events", "delta:events", args.topic)
    ledger = args.root / "ledger.json"
    if args.bug.startswith("ledger") and ledger.exists():
        sink.next = {int(p): n for p, n in json.loads(ledger.read_text()).items()}
    sink.claim()
    while not signal.sigtimedwait({signal.SIGTERM}, 0.005) or args.bug == "never_stops":
        ends = topic_ends(args)
        ends = {p: min(end, sink.next.get(p, 0) + EPOCH_RECORDS) for p, end in ends.items()}
        if all(end <= sink.next.get(p, 0) for p, end in ends.items()):
            continue
        failpoints.reach("before_stage")
        staged = sink.stage(ends)
        failpoints.reach("staged")
        if args.bug == "ledger_before_sink":
            write_whole(ledger, json.dumps(ends))
            failpoints.reach("planned")
        sink.commit(staged)
        failpoints.reach("committed")
        if args.bug == "ledger_after_sink":
            write_whole(ledger, json.dumps(sink.next))
        if args.bug == "crash" and sink.epoch > 10:
            os.abort()
    return 0


if __name__ == "__main__":
    sys.exit(main())
