"""A sink that takes its time: reading is held back at the client's gate, and nothing else waits for that.

The gate holds librdkafka's broker thread (src/kafka/fetch_gate.h); if something that is needed stood behind it, it would show here.
"""
import time
from pathlib import Path

import pytest
from proven import DECLARED, Proven, started
from record import RecordSpec
from waiting import wait_until

STALL_S = 12
STALL = f"delta.prepare.before=delay:{STALL_S}000@2"


def document(name):
    """Lanes that are soon full, so that the reader is not asked while the second epoch stalls."""
    return {"name": name, "source": {"kafka": {"topic": name, "max_offsets_per_epoch": 2000}, "format": {"json": {"schema": DECLARED}}},
            "sinks": [{"delta": {"path": name}}]}


def held_threads(daemon):
    """Client threads of the broker that wait for a lock or a signal; they wait in poll else. None if this kernel does not tell."""
    waits = []
    for task in Path(f"/proc/{daemon.process.pid}/task").iterdir():
        try:
            if (task / "comm").read_text().startswith("rdk:broker1"):
                waits.append((task / "wchan").read_text())
        except OSError:
            continue
    return None if waits and set(waits) <= {"", "0"} else sum("futex" in where for where in waits)


def rss_mb(daemon):
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


@pytest.fixture
def gated(kafka, request):
    """(stream, daemon, when the stall ends): more than the gate lets in waits at the broker, and the sink does not take it."""
    name = request.node.name.removeprefix("test_")
    stream = Proven(kafka, name, 1, document=document(name), spec=RecordSpec(5, 1000))
    stream.produce(60_000)
    with started(kafka).start(STALL) as daemon:
        stream.begin(daemon)
        daemon.wait_for(lambda: any(stream.progress(daemon).values()), "the first epoch")
        ends = time.monotonic() + STALL_S
        daemon.wait_for(lambda: held_threads(daemon) is None or held_threads(daemon), "the gate to hold the broker's thread", STALL_S)
        yield stream, daemon, ends


def finish(stream, daemon):
    stream.wait_caught_up(daemon)
    assert daemon.terminate() == 0
    stream.assert_exact(daemon)


def test_bounds_are_asked_for_while_reading_is_held_back(gated):
    stream, daemon, ends = gated
    stream.produce(61_000)
    daemon.wait_for(lambda: daemon.stream(stream.name)["partitions"][0]["end"] == 61_000, "the new end", 6)
    older = daemon.wait_for(lambda: daemon.stream(stream.name)["lagSeconds"], "the age of the oldest record", 6)
    daemon.wait_for(lambda: daemon.stream(stream.name)["lagSeconds"] > older + 1, "that record to grow older", 6)
    assert time.monotonic() < ends, "all of it was seen during the stall"
    stream.wait_caught_up(daemon)
    daemon.wait_for(lambda: daemon.stream(stream.name)["lagSeconds"] == 0, "nothing to wait", 10)
    finish(stream, daemon)


def test_a_stop_is_not_held_back(gated):
    stream, daemon, ends = gated
    daemon.post("/stop", expect=202)
    assert daemon.wait_exit(STALL_S + 10) == 0
    assert time.monotonic() - ends < 3, "it waited for the sink and for nothing else"
    with daemon.start():
        finish(stream, daemon)


def test_a_broker_that_dies_while_it_is_held_back_is_found_again(kafka, gated):
    stream, daemon, _ = gated
    kafka.kill()
    daemon.wait_for_state(stream.name, "STALLED", 60)
    kafka.start()
    stream.produce(61_000)
    finish(stream, daemon)


def test_a_stall_of_some_seconds_does_not_fill_the_memory(gated):
    stream, daemon, ends = gated
    before = rss_mb(daemon)
    wait_until(lambda: time.monotonic() > ends - 1, "the stall to be nearly over", STALL_S)
    grown = rss_mb(daemon) - before
    assert grown < 16, f"{grown:.0f} MB more: an answer of 1 MB each time the gate lets the thread go"
    finish(stream, daemon)
