"""The log: a line for each change of state with pipeline, epoch and job; nothing per record or epoch; JSON that is JSON; no secrets."""
import json

from daemon import Daemon
from jobs import Topic, ended, submit, succeeded
from proven import DECLARED, started

KNOWN_LEVELS = {"debug", "info", "warn", "error"}


def lines(daemon):
    return [json.loads(line) for line in daemon.log_path.read_text().splitlines()]


def states(daemon, message, **fields):
    return [line["state"] for line in lines(daemon) if line["message"] == message and all(line.get(name) == value for name, value in fields.items())]


def test_each_change_of_state_is_a_line_and_secrets_are_in_none(kafka, postgres, monkeypatch):
    topic = Topic(kafka, "logged", 2, 800)
    document = {"name": "logged", "source": {"kafka": {"topic": "logged"}, "format": {"json": {"schema": DECLARED}}},
                "sinks": [{"delta": {"path": "logged"}}, {"postgres": {"table": "public.logged"}}]}
    url = f"{postgres.url}&password=hunter2" if "?" in postgres.url else f"{postgres.url}?password=hunter2"
    monkeypatch.setenv("TEST_DATABASE", url)
    with Daemon({"kafka": {"brokers": kafka.address}, "postgres": {"url": "${TEST_DATABASE}"}, "stream_defaults": {"epoch": "200ms"},
                 "log": {"format": "json", "level": "debug"}}) as daemon:
        started_stream = daemon.post("/stream/start", document)
        daemon.wait_for(lambda: daemon.stream("logged")["lagRecords"] == 0, "the stream to have caught up", 60)
        done = succeeded(daemon, submit(daemon, topic.document("logged-job"), {0: (0, 800)}))
        failed = ended(daemon, submit(daemon, topic.document("logged-job"), {0: (0, 9999)}))
        daemon.request("PUT", "/pools/batch-pool", {"weight": 2})
        daemon.post("/stream/stop", {"pipeline": "logged"})
        assert daemon.terminate() == 0

        for line in lines(daemon):
            assert line["level"] in KNOWN_LEVELS and line["message"] and line["time"].endswith("Z"), line
            assert isinstance(line.get("epoch", 0), int), line
        assert states(daemon, "stream state", pipeline="logged", run=started_stream["id"]) == ["RUNNING", "DRAINING"]
        assert states(daemon, "stream ended", pipeline="logged", run=started_stream["id"]) == ["STOPPED"]
        assert states(daemon, "job taken", job=done["jobId"]) == ["QUEUED"]
        assert states(daemon, "job state", job=done["jobId"], pipeline="logged-job") == ["RUNNING"]
        assert states(daemon, "job ended", job=done["jobId"]) == ["SUCCEEDED"]
        assert states(daemon, "job ended", job=failed["jobId"]) == ["FAILED"]
        [reason] = [line["reason"] for line in lines(daemon) if line["message"] == "job ended" and line["job"] == failed["jobId"]]
        assert failed["error"]["code"] in reason
        [pool] = [line for line in lines(daemon) if line["message"] == "pool changed"]
        assert pool["pool"] == "batch-pool" and pool["weight"] == "2"
        text = daemon.log_path.read_text()
        assert "hunter2" not in text


def test_nothing_is_logged_per_record_or_epoch(kafka):
    with started(kafka) as daemon:
        daemon.post("/stream/start", {"name": "ticking", "source": {"rate": {"rows_per_second": 5000}}, "trigger": {"epoch": "10ms"},
                                      "sinks": [{"delta": {"path": "ticking"}}]})
        daemon.wait_for(lambda: (daemon.stream("ticking")["epoch"] or 0) >= 2, "the first epochs", 60)
        before = len(daemon.log_path.read_text().splitlines())
        first = daemon.stream("ticking")["epoch"]
        daemon.wait_for(lambda: daemon.stream("ticking")["epoch"] >= first + 200, "200 epochs", 120)
        rows = daemon.stream("ticking")["rowsIn"]
        written = daemon.log_path.read_text().splitlines()[before:]
        assert len(written) <= 5, (rows, written)
        daemon.post("/stream/stop", {"mode": "now"})


def test_text_is_for_people(kafka):
    with started(kafka) as daemon:
        daemon.post("/stream/start", {"topic": "nobody-knows"})
        daemon.wait_for_state("nobody-knows", "STALLED")
        stalled = [line for line in daemon.log_path.read_text().splitlines() if "state=STALLED" in line]
        assert len(stalled) == 1 and " warn stream state pipeline=nobody-knows run=" in stalled[0] and "unknown_topic" in stalled[0], stalled
        assert not [line for line in daemon.log_path.read_text().splitlines() if line.endswith('reason=""')]
