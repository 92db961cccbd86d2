"""Tests of the kill loop with a daemon that is right, and with daemons that each make one mistake: all are found."""

import json
import os
import pathlib
import socket
import sys
import threading
import uuid

import pytest

import kill_loop as kill_loop_module
from checker import check_delta, next_offsets
from fake_daemon import write_whole
from feed import Feed
from generator import end_offsets
from kill_loop import GeneratorLoad, KillLoop, ProcessDaemon, Stuck, loop_of_setup, wait_until
from record import RecordSpec

HERE = pathlib.Path(__file__).parent
SEED = 5
FEED = Feed(RecordSpec(SEED, malformed=0.05), 2, "events", "events")


class FileLoad:
    """The topic of fake_daemon.py: a file of end offsets that grows in the background."""

    def __init__(self, path):
        self._path, self.ends = path, {0: 0, 1: 0}
        self._write()

    def start(self):
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join()
        return self.ends

    def _run(self):
        while not self._stop.wait(0.01):
            self.ends = {p: end + 3 + p for p, end in self.ends.items()}
            self._write()

    def _write(self):
        write_whole(self._path, json.dumps(self.ends))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def kill_loop(tmp_path):
    def run_loop(
        bug="none", failpoints=("before_stage", "staged", "committed"), each=1, random_kills=3, **options
    ):
        port, table = free_port(), tmp_path / "events"
        command = [
            sys.executable,
            str(HERE / "fake_daemon.py"),
            "--root",
            str(tmp_path),
            "--port",
            str(port),
            "--seed",
            str(SEED),
            "--bug",
            bug,
        ]

        def start(failpoint):
            env = {
                "PYTHONDONTWRITEBYTECODE": "1",
                **({"LAKETIDE_FAILPOINTS": failpoint} if failpoint else {}),
            }
            return ProcessDaemon(
                command, env=env, log=tmp_path / "daemon.log", health_url=f"http://127.0.0.1:{port}/health"
            )

        def caught_up(ends):
            reached = next_offsets(table, "events", "delta:events")
            return bool(reached) and all(
                reached.get(("events", "events", p), 0) >= FEED.last_needed(p, end) for p, end in ends.items()
            )

        def check(ends):
            return check_delta(
                table,
                SEED,
                2,
                "events",
                "delta:events",
                spec=FEED.spec,
                ends=ends,
                max_orphans=0 if ends is not None else 1000,
            )

        limits = {
            "kill_after_s": (0.5, 1.2),
            "failpoint_deadline_s": 8.0,
            "catch_up_deadline_s": 30.0,
            "stop_deadline_s": 5.0,
        }
        loop = KillLoop(
            start,
            lambda: None,
            FileLoad(tmp_path / "topic.json"),
            caught_up,
            check,
            seed=3,
            **{**limits, **options},
        )
        loop.run(failpoints, each, random_kills)
        return loop

    return run_loop


def test_a_right_daemon_survives_every_kill(kill_loop):
    loop = kill_loop(check_every=2)
    assert loop.verdict.violations == []
    totals = loop.totals
    assert (
        totals.failpoint_kills == {"before_stage": 1, "staged": 1, "committed": 1}
        and totals.failpoints_not_reached == {}
    )
    assert (totals.rounds, totals.random_kills, totals.checks) == (6, 3, 4)
    assert loop.verdict.counts["rows"] == sum(
        FEED.tally(p, 0, end)["good"] for p, end in enumerate(loop_ends(loop))
    )
    # Each life raises it; one that was killed before it had claimed anything has not lived.
    assert 8 - totals.random_kills <= loop.verdict.counts["generation"] <= 8
    assert totals.records == sum(loop_ends(loop))


def loop_ends(loop):
    return [loop._load.ends[p] for p in range(2)]


def test_progress_after_the_sink_repeats_records(kill_loop):
    loop = kill_loop("ledger_after_sink", ("committed",), 2, 0)
    assert {"duplicated", "range_overlap"} <= loop.verdict.kinds(), loop.document()


def test_progress_before_the_sink_loses_records(kill_loop):
    loop = kill_loop("ledger_before_sink", ("planned",), 2, 0)
    assert {"lost", "range_gap"} <= loop.verdict.kinds(), loop.document()


def test_leftovers_are_found(kill_loop):
    loop = kill_loop("keeps_leftovers", ("staged",), 1, 0)
    found = loop.verdict.kinds()  # a kill may also have left a temporary file beside the log
    assert "orphan_file" in found and found <= {"orphan_file", "stray_log_file"}


def test_a_crash_is_not_taken_for_a_kill(kill_loop):
    loop = kill_loop("crash", ("never",), 1, 0)
    assert "died_uninvited" in loop.verdict.kinds() and loop.totals.failpoint_kills == {}


def test_a_failpoint_that_is_never_reached_is_counted(kill_loop):
    loop = kill_loop(failpoints=("nowhere",), random_kills=0, failpoint_deadline_s=0.5)
    assert loop.verdict.ok and loop.totals.failpoints_not_reached == {"nowhere": 1}


def test_a_daemon_that_does_not_stop_is_found(kill_loop):
    loop = kill_loop("never_stops", (), 0, 1, stop_deadline_s=1.0)
    assert loop.verdict.kinds() == {"stuck"}


def test_the_same_seed_repeats_the_loop():
    orders = []
    for _ in range(2):
        loop = KillLoop(None, None, None, None, None, seed=9)
        rounds = list("abcdefgh")
        loop._random.shuffle(rounds)
        orders.append((rounds, [loop._random.uniform(0, 1) for _ in range(3)]))
    assert orders[0] == orders[1]


def test_waiting_has_a_deadline():
    with pytest.raises(Stuck, match="the moon: not within 0 s"):
        wait_until(lambda: False, 0.05, "the moon")


def test_a_setup_with_wrong_keys_is_refused():
    with pytest.raises(SystemExit, match="unknown keys"):
        loop_of_setup({"deamon": {}}, 1)
    with pytest.raises(SystemExit, match="missing keys"):
        loop_of_setup({"daemon": {}}, 1)


needs_kafka = pytest.mark.skipif(
    not os.environ.get("PROOF_BROKERS"), reason="set PROOF_BROKERS=host:port to run against Kafka"
)


@pytest.fixture
def topic():
    from confluent_kafka.admin import AdminClient, NewTopic

    name, admin = f"proof-{uuid.uuid4()}", AdminClient({"bootstrap.servers": os.environ["PROOF_BROKERS"]})
    admin.create_topics([NewTopic(name, 2, 1)])[name].result(30)
    yield name
    admin.delete_topics([name])[name].result(30)


@needs_kafka
def test_the_load_goes_on_where_it_stopped(topic):
    brokers = os.environ["PROOF_BROKERS"]
    load = GeneratorLoad(brokers, Feed(RecordSpec(1), 2, topic, topic), rate=20_000)
    for _ in range(3):
        due = sum(load.ends.values()) + 500
        load.start()
        wait_until(lambda due=due: load.records() > due, 30, "records are acknowledged")
        load.stop()
        assert load.ends == end_offsets(brokers, topic)


@needs_kafka
def test_the_command_with_a_real_topic(topic, tmp_path, capsys):
    port = free_port()
    daemon = [
        sys.executable,
        str(HERE / "fake_daemon.py"),
        "--root",
        str(tmp_path),
        "--port",
        str(port),
        "--seed",
        str(SEED),
        "--brokers",
        os.environ["PROOF_BROKERS"],
        "--topic",
        topic,
    ]
    (tmp_path / "setup.json").write_text(
        json.dumps(
            {
                "daemon": {
                    "command": daemon,
                    "env": {"PYTHONDONTWRITEBYTECODE": "1"},
                    "log": str(tmp_path / "daemon.log"),
                },
                "health_url": f"http://127.0.0.1:{port}/health",
                "start": {"url": f"http://127.0.0.1:{port}/stream/start", "body": {"topic": topic}},
                "brokers": os.environ["PROOF_BROKERS"],
                "topic": topic,
                "partitions": 2,
                "seed": SEED,
                "malformed": 0.05,
                "rate": 300,
                "pipeline": "events",
                "sink": "delta:events",
                "delta": str(tmp_path / "events"),
                "failpoints": ["staged", "committed"],
            }
        )
    )
    assert (
        kill_loop_module.main(
            [str(tmp_path / "setup.json"), "--random", "1", "--seed", "4", "--check-every", "1"]
        )
        == 0
    )
    said = json.loads(capsys.readouterr().out)
    assert (
        said["totals"]["failpoint_kills"] == {"staged": 1, "committed": 1} and said["totals"]["checks"] == 4
    )
    ends = end_offsets(os.environ["PROOF_BROKERS"], topic)
    assert (
        said["verdict"]["counts"]["delta.rows"]
        == sum(FEED.tally(p, 0, end)["good"] for p, end in ends.items())
        > 0
    )
