"""The process has the threads that its design names, under load, and no others (HOUSE §3)."""
import re
import threading
from pathlib import Path

from kill_loop import GeneratorLoad
from proven import Proven, started, two_sinks

WORKERS = 3
# A thread that a library starts bears its starter's name until it gives itself one, so those that are as many as planned count.
EXACTLY = {"laketide": 1, "lt-worker": WORKERS, "lt-timer": 1, "http-io": 1, "http-probe": 1, "http-work": 4}
ANY_NUMBER = re.compile(r"lt-io|lt-kafka-close|rdk:.*|jemalloc_bg_thd")


def threads(daemon):
    """{thread id: name}"""
    found = {}
    for task in Path(f"/proc/{daemon.process.pid}/task").iterdir():
        try:
            found[task.name] = (task / "comm").read_text().strip()
        except FileNotFoundError:
            continue  # it has just ended
    return found


class ThreadWatch:
    """Looks at the daemon's threads again and again; what is no thread of ours is in `strangers`. Confined to one test."""

    PAUSE_S = 0.05  # longer than a thread needs to name itself

    def __init__(self, daemon):
        self._daemon, self._pause, self._before = daemon, threading.Event(), {}
        self.looks, self.strangers, self.seen = 0, [], set()

    def look(self):
        now = threads(self._daemon)
        settled = [name for thread, name in now.items() if self._before.get(thread) == name]
        self._before = now
        self._pause.wait(self.PAUSE_S)
        if not settled:
            return
        self.looks += 1
        self.seen.update(settled)
        self.strangers += [name for name in set(settled) if name not in EXACTLY and not ANY_NUMBER.fullmatch(name)]
        self.strangers += [(name, settled.count(name)) for name, count in EXACTLY.items() if settled.count(name) > count]

    def until(self, condition, what):
        def done():
            self.look()
            return condition()
        self._daemon.wait_for(done, what)


def test_no_thread_of_another_library_works_under_load(kafka, postgres):
    stream = Proven(kafka, "threaded", document=two_sinks("threaded"), postgres=(postgres, "public.threaded"))
    stream.produce(20_000)
    with started(kafka, postgres=postgres, engine={"threads": WORKERS}, stream_defaults={"epoch": "50ms"}) as daemon:
        watch = ThreadWatch(daemon)
        watch.until(lambda: watch.looks >= 3, "the idle process's threads")
        stream.begin(daemon)
        load = GeneratorLoad(kafka.address, stream.feed, rate=4000, first=stream.ends)
        load.start()
        try:
            # Past the table's first checkpoint, which reads Parquet as well.
            checkpoint = stream.table(daemon) / "_delta_log" / "_last_checkpoint"
            watch.until(lambda: checkpoint.exists() and daemon.get("/stream/threaded") and watch.looks >= 60, "a checkpoint")
        finally:
            stream.ends = load.stop()
        watch.until(lambda: stream.caught_up(daemon), "all records")
        assert watch.strangers == []
        assert EXACTLY.keys() | {"lt-io", "rdk:main"} <= watch.seen, "each of ours was there"
        assert daemon.terminate() == 0
    stream.assert_exact(daemon)
