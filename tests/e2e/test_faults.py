"""What stands in PRODUCT §8 about state lost, owners fenced, topics recreated and servers away, against real servers."""
import shutil
import threading

import requests
from proven import Proven, started, two_sinks
from record import RecordSpec
from waiting import wait_until


class HealthWatch:
    """Asks /health all the while; `failures` are the times it did not answer 200. Confined to one test."""

    def __init__(self, daemon):
        self._daemon, self._stop, self.failures, self.answers = daemon, threading.Event(), [], 0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(0.1):
            try:
                status = requests.get(self._daemon.url + "/health", timeout=2).status_code
            except requests.RequestException as error:
                status = repr(error)
            self.answers += 1
            if status != 200:
                self.failures.append(status)


def test_an_empty_state_directory_continues_from_the_sinks(kafka, postgres):
    stream = Proven(kafka, "stateless", document=two_sinks("stateless"), postgres=(postgres, "public.stateless"))
    stream.produce(2000)
    with started(kafka, postgres=postgres) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        shutil.rmtree(daemon.state)
        stream.produce(3000)
        daemon.start()
        assert daemon.get("/stream")["streams"] == [], "the intent was in the directory"
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_a_pipeline_file_removed_and_put_back_continues(kafka):
    stream = Proven(kafka, "filed", document={"pipeline": "filed"})
    document = {"name": "filed", "source": {"kafka": {"topic": "filed"}, "format": {"json": {}}},
                "sinks": [{"delta": {"path": "filed"}}], "autostart": True}
    stream.produce(1500)
    with started(kafka) as daemon:
        file = daemon.write_pipeline(document)
        daemon.kill()
        daemon.start()
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        file.unlink()
        daemon.start()
        gone = daemon.stream("filed")
        assert gone["state"] == "FAILED" and gone["error"]["code"] == "pipeline_file_gone", gone
        stream.produce(2500)
        assert daemon.terminate() == 0
        daemon.write_pipeline(document)
        daemon.start()
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_of_two_daemons_the_frozen_one_is_fenced_when_it_thaws(kafka, postgres):
    stream = Proven(kafka, "owned", document=two_sinks("owned"), postgres=(postgres, "public.owned"))
    stream.produce(500)
    with started(kafka, postgres=postgres) as older:
        stream.begin(older)
        stream.wait_caught_up(older)
        older.signal(19)  # SIGSTOP
        newer = started(kafka, postgres=postgres, lake={"root": str(older.lake)})
        newer.lake = older.lake
        with newer:
            stream.begin(newer)
            stream.produce(1500)
            stream.wait_caught_up(newer)
            older.signal(18)  # SIGCONT
            stream.produce(2500)
            stream.wait_caught_up(newer)
            fenced = wait_until(lambda: (older.stream("owned") or {}).get("state") == "FENCED", "the older daemon to be fenced", 60)
            assert fenced
            assert newer.terminate() == 0
        assert older.terminate() == 0
        stream.assert_exact(newer)


def test_a_recreated_topic_fails_by_name_and_writes_nothing(kafka):
    stream = Proven(kafka, "twice", 1)
    stream.produce(1500)
    with started(kafka) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        kafka.delete_topic("twice")
        other = Proven(kafka, "twice", 1, spec=RecordSpec(99))
        other.produce(3000)
        daemon.start()
        failed = daemon.wait_for_state("twice", "FAILED")
        assert failed["error"]["code"] == "topic_recreated", failed
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_kafka_away_stalls_and_goes_on(kafka):
    stream = Proven(kafka, "brokerless")
    stream.produce(1500)
    with started(kafka) as daemon, HealthWatch(daemon) as health:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        kafka.stop()
        stalled = daemon.wait_for_state("brokerless", "STALLED", seconds=40)
        assert stalled["error"]["code"] == "broker_away", stalled
        threading.Event().wait(10)
        kafka.start()
        stream.produce(3000)
        stream.wait_caught_up(daemon, seconds=90)
        assert daemon.wait_for_state("brokerless", "RUNNING")
        assert health.failures == [] and health.answers > 50
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_postgres_away_stalls_and_goes_on(kafka, postgres):
    stream = Proven(kafka, "serverless", document=two_sinks("serverless"), postgres=(postgres, "public.serverless"))
    stream.produce(1500)
    with started(kafka, postgres=postgres) as daemon, HealthWatch(daemon) as health:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        postgres.stop()
        stream.produce(3000)
        daemon.wait_for_state("serverless", "STALLED", seconds=60)
        threading.Event().wait(15)
        postgres.start()
        stream.wait_caught_up(daemon, seconds=60)
        assert health.failures == []
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_a_connection_cut_after_commit_was_sent_is_read_back(kafka, postgres):
    for deed in ("cut", "lose"):  # the server has committed, or never heard
        name = f"severed_{deed}"
        stream = Proven(kafka, name, document=two_sinks(name), postgres=(postgres, f"public.{name}"))
        stream.produce(1000)
        daemon = started(kafka, postgres=postgres)
        with daemon.start(failpoints=f"postgres.commit.sent={deed}@2"):
            stream.begin(daemon)
            stream.wait_caught_up(daemon)
            stream.produce(2000)
            stream.wait_caught_up(daemon)
            stream.produce(2500)
            stream.wait_caught_up(daemon)
            assert daemon.terminate() == 0
            stream.assert_exact(daemon)


def test_stop_under_load_commits_what_was_read_and_leaves_nothing_behind(kafka, postgres):
    stream = Proven(kafka, "busy", document=two_sinks("busy"), postgres=(postgres, "public.busy"))
    stream.produce(200_000)
    with started(kafka, postgres=postgres) as daemon:
        stream.begin(daemon)
        daemon.wait_for(lambda: any(stream.progress(daemon).values()), "the first epoch")
        daemon.post("/stop", expect=202)
        assert daemon.wait_exit(10) == 0
        stopped_at = stream.progress(daemon)
        assert any(stopped_at.values()) and not stream.caught_up(daemon), "it was stopped in the middle"
        # A server process ends a moment after its client.
        connections = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'laketide/busy/%%'"
        wait_until(lambda: postgres.query(connections) == [(0,)], "the stopped daemon's connections to be gone")
        daemon.start()
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_malformed_records_are_quarantined_with_bytes_and_place(kafka, postgres):
    spec = RecordSpec(7, 0, 0.05)
    stream = Proven(kafka, "dirty", document=two_sinks("dirty", bad_records={"max_ratio": 1.0}, tombstones="skip"), postgres=(postgres, "public.dirty"), spec=spec)
    stream.produce(10_000)
    with started(kafka, postgres=postgres) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        receipts = daemon.get("/stream/dirty/epochs")
        assert daemon.terminate() == 0
        verdict = stream.assert_exact(daemon, receipts=receipts)
        assert verdict.counts["quarantine.rows"] > 800, verdict.counts
