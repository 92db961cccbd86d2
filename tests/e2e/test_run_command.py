"""`laketide run`: one pipeline in the foreground, beside a service or without one."""
import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from daemon import binary
from jobs import Topic, keys_in, submit, succeeded
from proven import started
from servers import own_directory
from waiting import wait_until


class Place:
    """A directory with a service file and a lake, for runs without a service. `lake` is as of a Daemon. Caller synchronises."""

    def __init__(self, brokers, lake=None, state=None):
        self.directory = own_directory("run")
        self.lake = lake or self.directory / "lake"
        self.temporary = self.directory / "tmp"
        self.temporary.mkdir()
        self.config = self.directory / "laketide.yaml"
        self.config.write_text(json.dumps({"kafka": {"brokers": brokers}, "lake": {"root": str(self.lake)},
                                           "state": {"dir": str(state or self.directory / "service-state")}}))

    def begin(self, document, *arguments, failpoints=""):
        file = self.directory / f"{document['name']}.yaml"
        file.write_text(json.dumps(document))
        environment = {**os.environ, "TMPDIR": str(self.temporary), "LAKETIDE_FAILPOINTS": failpoints}
        return subprocess.Popen([binary(), "run", str(file), "--config", str(self.config), *map(str, arguments)], cwd=self.directory, env=environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, document, *arguments, expect=0, failpoints="", seconds=90):
        """(standard output, standard error) of a run that ends with `expect`."""
        process = self.begin(document, *arguments, failpoints=failpoints)
        try:
            out, err = process.communicate(timeout=seconds)
        finally:
            process.kill()
        assert process.returncode == expect, (process.returncode, out, err)
        return out, err


@pytest.fixture(scope="module")
def topic(kafka):
    return Topic(kafka, "front", 2, 1000)


def app_ids(table):
    """Whose progress stands in a Delta table."""
    lines = [json.loads(line) for file in sorted((table / "_delta_log").glob("*.json")) for line in file.read_text().splitlines()]
    return {line["txn"]["appId"].split("/")[1] for line in lines if "txn" in line}


def test_all_there_is_and_then_a_range(kafka, topic):
    place = Place(kafka.address)
    out, err = place.run(topic.document("whole"))
    assert "SUCCEEDED, 100% done" in out and "0: [0, 1000), 1: [0, 1000)" in out
    assert re.search(r"^\d+%  (QUEUED|RUNNING)", err, re.M), "plain lines where there is no screen: " + err
    assert "\x1b" not in err
    assert keys_in(place, "whole") == topic.keys({0: (0, 1000), 1: (0, 1000)})
    out, _ = place.run(topic.document("part"), "--from", '{"0":100,"1":5}', "--to", '{"p0":400,"p1":7}', "-o", "json")
    job = json.loads(out)
    assert (job["status"], job["range"], job["rowsOut"]) == ("SUCCEEDED", {"0": [100, 400], "1": [5, 7]}, 302)
    assert keys_in(place, "part") == topic.keys({0: (100, 400), 1: (5, 7)})
    assert list(place.temporary.iterdir()) == [], "nothing is left behind"
    assert not (place.directory / "service-state").exists(), "the service's state directory is not touched"


def test_its_progress_is_its_own(kafka, topic):
    with started(kafka) as daemon:
        place = Place(kafka.address, lake=daemon.lake, state=daemon.state)
        document = topic.document("both")
        parts = [{0: (0, 300), 1: (0, 10)}, {0: (300, 600), 1: (10, 20)}, {0: (600, 700), 1: (20, 30)}, {0: (700, 1000), 1: (30, 40)}]
        for n, ranges in enumerate(parts):
            if n % 2 == 0:
                succeeded(daemon, submit(daemon, document, ranges))
            else:
                ends = [json.dumps({str(p): bounds[side] for p, bounds in ranges.items()}) for side in (0, 1)]
                place.run(document, "--from", ends[0], "--to", ends[1])
        assert keys_in(daemon, "both") == topic.keys({0: (0, 1000), 1: (0, 40)})
        assert app_ids(daemon.lake / "both") == {"both%400", "both%40run.0"}


def test_what_the_service_works_on_is_refused(kafka, topic):
    with started(kafka) as daemon:
        place = Place(kafka.address, lake=daemon.lake, state=daemon.state)
        document = topic.document("held")
        daemon.post("/stream/start", document)
        _, err = place.run(document, expect=3)
        assert "pipeline_held" in err and "laketide stream stop held" in err
        place.run(topic.document("another"))
        daemon.post("/stream/stop", {"pipeline": "held"})
        place.run(topic.document("held", path="held-again"))
        assert keys_in(daemon, "held-again") == topic.keys({0: (0, 1000), 1: (0, 1000)})
        daemon.post("/stream/start", {"pipeline": "held"})
        daemon.kill()
        place.run(topic.document("held", path="held-later"))  # a service that does not run holds nothing


@pytest.mark.parametrize("phase", ["epoch.prepared", "epoch.planned", "delta.commit.after"])
def test_a_crashed_run_is_taken_up_again(kafka, topic, phase):
    place = Place(kafka.address)
    state = place.directory / "run-state"
    arguments = ("--to", '{"0":800,"1":50}', "--state", state)
    place.run(topic.document("crashed"), *arguments, expect=-signal.SIGKILL, failpoints=f"{phase}=kill")
    _, err = place.run(topic.document("crashed"), "--state", state, expect=3)
    assert "unfinished_run" in err, "another range is another run"
    out, err = place.run(topic.document("crashed"), *arguments, "-o", "json")
    job = json.loads(out)
    assert "goes on with the run" in err
    assert job["attempt"] == 2 and job["rowsOut"] == 850
    assert keys_in(place, "crashed") == topic.keys({0: (0, 800), 1: (0, 50)})
    place.run(topic.document("crashed"), "--from", '{"0":800,"1":50}', "--to", '{"0":900,"1":50}', "--state", state)
    assert keys_in(place, "crashed") == topic.keys({0: (0, 900), 1: (0, 50)})


def test_interrupted_nothing_becomes_visible(kafka, topic):
    place = Place(kafka.address)
    slow = topic.document("slow")
    slow["source"]["kafka"]["max_rate_per_partition"] = 100
    process = place.begin(slow)
    process.stderr.readline()  # it runs
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, (out, err)
    assert "CANCELLED" in out
    assert keys_in(place, "slow") == []
    assert list(place.temporary.iterdir()) == []


def test_interrupted_with_a_state_directory_it_goes_on(kafka, topic):
    place = Place(kafka.address)
    slow = topic.document("slower")
    slow["source"]["kafka"]["max_rate_per_partition"] = 400
    state = place.directory / "run-state"
    process = place.begin(slow, "--state", state)
    wait_until(lambda: "RUNNING" in process.stderr.readline(), "it to run", 30)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "the same command goes on" in err, (out, err)
    assert keys_in(place, "slower") == []
    out, _ = place.run(slow, "--state", state)
    assert "SUCCEEDED" in out
    assert keys_in(place, "slower") == topic.keys({0: (0, 1000), 1: (0, 1000)})


def test_exit_codes(kafka, topic):
    place = Place(kafka.address)
    _, err = place.run(topic.document("wrong"), "--to", '{"0":5000}', "--from", '{"0":0}', expect=1)
    assert "offset_out_of_range" in err and "0: [0, 1000)" in err
    _, err = place.run(topic.document("wrong"), "--from", "soon", expect=2)
    assert "bad_offsets" in err
    _, err = place.run({**topic.document("wrong"), "sinks": [{"detla": {}}]}, expect=3)
    assert "wrong.yaml:" in err and "did you mean" in err
    _, err = place.run(topic.document("wrong"), "--state", place.directory / "service-state", expect=2)
    assert "of its own" in err
    _, err = place.run(topic.document("wrong"), "--set", "kafka.brokers=127.0.0.1:1", "--set", "batch_defaults.attempts=1", expect=4)
    assert "broker_away" in err
    assert not Path(place.lake / "wrong").exists()
