"""A clock that jumps, a single core and a fifth of one, little memory, ten times what a sink takes, records of ten megabytes, deep JSON and a
partition of nothing but garbage: the rest goes on, exactly."""
import contextlib
import json
import os
import re
import struct
from datetime import datetime, timedelta, timezone
from pathlib import Path

from confluent_kafka import Producer
from control_group import ControlGroup, NoGroup
import pytest
from kill_loop import GeneratorLoad
from proven import DECLARED, Proven, started, two_sinks
import readers
from record import RecordSpec

LARGE = 10 << 20
SHIFTED_CLOCK = Path(os.environ["LAKETIDE_BINARY"]).parent / "tests/liblaketide_shifted_clock.so"


def produce(kafka, topic, values):
    """(partition, value) each; acknowledged when this returns."""
    producer = Producer({"bootstrap.servers": kafka.address, "message.max.bytes": 2 * LARGE, "compression.type": "none"})
    for partition, value in values:
        producer.produce(topic, value, partition=partition)
        producer.poll(0)
    assert producer.flush(60) == 0


def resident_mib(daemon, most=False):
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(re.search(rf"{'VmHWM' if most else 'VmRSS'}:\s+(\d+)", status)[1]) / 1024


def rows_of(path):
    return [dict(row) for row in readers.read_delta_rs(path)]


class ShiftedClock:
    """How many seconds the daemon's wall clock is ahead of the machine's. Confined to one test."""

    def __init__(self, directory):
        self._path = directory / "shift"
        self.set(0)
        self.environment = {"LD_PRELOAD": str(SHIFTED_CLOCK), "SHIFTED_CLOCK": str(self._path)}

    def set(self, seconds):
        if not self._path.exists():
            self._path.write_bytes(bytes(8))
        with open(self._path, "r+b") as file:  # in place: the daemon has it mapped
            file.write(struct.pack("<q", seconds))


def test_clock_jumps_lose_nothing_and_hold_nothing_up(kafka, postgres, tmp_path):
    clock = ShiftedClock(tmp_path)
    stream = Proven(kafka, "leaping", document=two_sinks("leaping"), postgres=(postgres, "public.leaping"))
    stream.produce(1000)
    with started(kafka, postgres=postgres) as daemon:
        daemon.kill()
        daemon.start(env=clock.environment)
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        for turn, seconds in enumerate((3600, -3600, 86_400 * 2, 0)):
            clock.set(seconds)
            stream.produce(2000 + turn * 1000)
            stream.wait_caught_up(daemon)
            told = datetime.fromisoformat(daemon.get("/stream/leaping/epochs")["epochs"][0]["committedAt"])
            away = told - datetime.now(timezone.utc) - timedelta(seconds=seconds)
            assert abs(away) < timedelta(minutes=10), (seconds, told, "the daemon does not see the shifted clock")
            job = daemon.post("/batch/run", {"name": f"leap{turn}", "sinks": [{"delta": {"path": f"leap{turn}"}}],
                                             "source": {"kafka": {"topic": "leaping"}, "format": {"json": {"schema": DECLARED}}},
                                             "startOffset": {"0": 0, "1": 0}, "endOffset": {"0": 500, "1": 500}}, expect=202)["jobId"]
            daemon.wait_for(lambda job=job: daemon.get(f"/batch/{job}")["status"] == "SUCCEEDED", f"job {job} to succeed")
        clock.set(-86_400)  # it dies on one day, and comes back on the day before
        daemon.kill()
        stream.produce(7000)
        daemon.start(env=clock.environment)
        stream.wait_caught_up(daemon)
        assert daemon.stream("leaping")["state"] == "RUNNING"
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_on_one_core_everything_is_slower_and_nothing_else(kafka, postgres):
    cores = os.sched_getaffinity(0)
    stream = Proven(kafka, "single", document=two_sinks("single"), postgres=(postgres, "public.single"))
    stream.produce(5000)
    with started(kafka, postgres=postgres) as daemon:
        daemon.kill()
        daemon.start(within=lambda: os.sched_setaffinity(0, {min(cores)}), seconds=60)
        assert os.sched_getaffinity(daemon.process.pid) == {min(cores)}
        stream.begin(daemon)
        stream.produce(20_000)
        stream.wait_caught_up(daemon, 120)
        daemon.kill()
        daemon.start(within=lambda: os.sched_setaffinity(0, {min(cores)}), seconds=60)
        stream.produce(25_000)
        stream.wait_caught_up(daemon, 120)
        assert daemon.get("/stream/single")["state"] == "RUNNING"
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


@pytest.fixture
def limited():
    """A maker of groups that end with the test; without the right to make any it is skipped."""
    with contextlib.ExitStack() as groups:
        def make(**limits):
            try:
                return groups.enter_context(ControlGroup(**limits))
            except NoGroup as reason:
                return pytest.skip(str(reason))
        yield make


def test_on_a_fifth_of_a_core_probes_answer_and_nothing_is_lost(kafka, postgres, limited):
    group = limited(cores=0.2)
    stream = Proven(kafka, "rationed", document=two_sinks("rationed"), postgres=(postgres, "public.rationed"))
    stream.produce(5000)
    with started(kafka, postgres=postgres) as daemon:
        for upto in (20_000, 25_000):
            daemon.kill()
            daemon.start(within=group.enter, seconds=120)
            assert "\nlaketide_scheduler_workers 1\n" in daemon.get("/metrics"), "the quota counts, not the machine's cores"
            stream.begin(daemon)
            stream.produce(upto)
            daemon.wait_for(lambda: daemon.get("/health", timeout=10) and stream.caught_up(daemon), f"{upto} with probes answered", 240)
        assert daemon.get("/stream/rationed")["state"] == "RUNNING"
        assert group.throttled() > 0, "it had all that it wanted: nothing was tried"
        assert daemon.terminate(60) == 0
        stream.assert_exact(daemon)


def test_in_a_container_of_little_memory_half_of_it_is_enough(kafka, limited):
    group = limited(memory_bytes=192 << 20)
    stream = Proven(kafka, "squeezed", document={
        "name": "squeezed", "source": {"kafka": {"topic": "squeezed"}, "format": {"json": {"schema": DECLARED}}},
        "sinks": [{"delta": {"path": "squeezed", "partition_by": ["source"]}}], "bad_records": {"max_ratio": 1.0}})
    stream.produce(100_000)
    with started(kafka) as daemon:
        daemon.kill()
        daemon.start(within=group.enter, seconds=60)
        told = f'\nlaketide_pool_memory_max_bytes{{pool="batch-pool"}} {48 << 20}\n'
        assert told in daemon.get("/metrics"), "jobs have half of the memory, which is half of the limit"
        stream.begin(daemon)
        stream.wait_caught_up(daemon, 120)
        job = daemon.post("/batch/run", {"name": "squeezed_job", "source": stream.document["source"], "sinks": [{"delta": {"path": "squeezed_job"}}],
                                         "bad_records": {"max_ratio": 1.0}, "startOffset": {"0": 0, "1": 0},
                                         "endOffset": {"0": 100_000, "1": 100_000}}, expect=202)["jobId"]
        daemon.wait_for(lambda: daemon.get(f"/batch/{job}")["status"] == "SUCCEEDED", f"job {job} to succeed", 120)
        assert daemon.get("/stream/squeezed")["state"] == "RUNNING"
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


SLOW_TABLE = """CREATE TABLE pace (seconds double precision); INSERT INTO pace VALUES (0.001);
CREATE FUNCTION wait_a_moment() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep((SELECT seconds FROM pace)); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE INSERT ON public.flooded FOR EACH ROW EXECUTE FUNCTION wait_a_moment()"""


def test_ten_times_what_a_sink_takes_waits_in_the_topic(kafka, postgres):
    stream = Proven(kafka, "flooded", document=two_sinks("flooded"), postgres=(postgres, "public.flooded"), spec=RecordSpec(7, 2000))
    stream.produce(100)
    memory_mib = 128
    with started(kafka, postgres=postgres, engine={"memory": f"{memory_mib}MiB"}) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        before = resident_mib(daemon)
        postgres.query(SLOW_TABLE)
        load = GeneratorLoad(kafka.address, stream.feed, rate=10_000, first=stream.ends)
        load.start()
        daemon.wait_for(lambda: daemon.get("/health", timeout=1) and load.records() > 80_000, "80,000 records at 10,000 a second, with probes answered", 60)
        taken = sum(stream.progress(daemon).values())
        stream.ends = load.stop()
        assert taken * 5 < sum(stream.ends.values()), "it was not too much for it: nothing was tried"
        assert resident_mib(daemon, most=True) < before + memory_mib
        assert daemon.stream("flooded")["state"] == "RUNNING"
        postgres.query("UPDATE pace SET seconds = 0")
        stream.wait_caught_up(daemon, 120)
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_records_of_ten_megabytes_and_deep_json_beside_ordinary_ones(kafka):
    kafka.create_topic("heavy", 1, {"max.message.bytes": str(2 * LARGE)})
    row = lambda number, text: json.dumps({"id": number, "text": text}, ensure_ascii=False).encode()  # noqa: E731
    deep = b'{"id": 1, "unknown": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    no_json = b'{"id": 4, "text": "' + b"y" * LARGE
    values = [row(0, "small"), row(1, "x" * LARGE), deep, row(3, "small"), no_json, row(5, "ä" * (LARGE // 2)), b"{" * 1_000_000, row(7, "last")]
    produce(kafka, "heavy", [(0, value) for value in values])
    document = {"name": "heavy", "source": {"kafka": {"topic": "heavy"}, "format": {"json": {"schema": "id bigint, text text"}}},
                "sinks": [{"delta": {"path": "heavy"}}], "bad_records": {"max_ratio": 1.0}}
    with started(kafka, engine={"memory": "512MiB"}) as daemon:
        daemon.post("/stream/start", document)
        daemon.wait_for(lambda: (daemon.stream("heavy") or {}).get("rowsIn") == len(values), "all records", 120)
        resident = resident_mib(daemon, most=True)
        assert daemon.stream("heavy")["state"] == "RUNNING"
        assert daemon.terminate() == 0
        rows = {row["id"]: row["text"] for row in rows_of(daemon.lake / "heavy")}
        assert {number: len(text) for number, text in rows.items()} == {0: 5, 1: LARGE, 3: 5, 5: LARGE // 2, 7: 4}
        assert rows[5] == "ä" * (LARGE // 2)
        refused = {row["offset"]: row for row in rows_of(daemon.lake / "_quarantine" / "heavy")}
        assert {offset: row["code"] for offset, row in refused.items()} == {2: "bad_json", 4: "bad_json", 6: "bad_json"}
        assert all(bytes(row["value"]) == values[offset] for offset, row in refused.items())
        assert resident < 1024, f"{resident} MiB"


def test_a_partition_of_garbage_holds_up_no_other(kafka):
    good = Proven(kafka, "poisoned", 2, document={
        "name": "poisoned", "source": {"kafka": {"topic": "poisoned"}, "format": {"json": {"schema": DECLARED}}},
        "sinks": [{"delta": {"path": "poisoned"}}], "bad_records": {"max_ratio": 1.0}})
    kafka.add_partitions("poisoned", 3)
    garbage = [b"", b"\x00" * 50, b"[1]", b'{"p": "x"}', b'{"p":1', b"\xff\xfe"]
    produce(kafka, "poisoned", [(2, garbage[i % len(garbage)]) for i in range(20_000)])
    good.produce(2000)
    with started(kafka) as daemon:
        good.begin(daemon)
        good.wait_caught_up(daemon)
        daemon.wait_for(lambda: daemon.stream("poisoned")["rowsIn"] == 24_000, "the garbage to be read too", 120)
        good.produce(3000)
        good.wait_caught_up(daemon)
        stream = daemon.stream("poisoned")
        assert (stream["state"], stream["rowsIn"]) == ("RUNNING", 26_000), stream
        assert daemon.terminate() == 0
        rows = rows_of(daemon.lake / "poisoned")
        assert sorted((row["p"], row["i"]) for row in rows) == [(p, i) for p in (0, 1) for i in range(3000)]
        refused = rows_of(daemon.lake / "_quarantine" / "poisoned")
        assert sorted((row["partition"], row["offset"]) for row in refused) == [(2, offset) for offset in range(20_000)]
