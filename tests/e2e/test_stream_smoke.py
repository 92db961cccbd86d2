"""POST /stream/start {"topic": …} and nothing else configured: the topic's rows stand in the lake, each once, for every reader."""
import readers
from proven import Proven, started


def test_rows_stand_in_the_lake_and_every_reader_sees_the_same_at_every_version(kafka):
    stream = Proven(kafka, "events")
    stream.produce(1500)
    with started(kafka) as daemon:
        answer = stream.begin(daemon)
        assert answer["pipeline"] == "events" and answer["topic"] == "events" and answer["start"] == "earliest", answer
        stream.wait_caught_up(daemon)
        for upto in (2000, 2600):
            stream.produce(upto)
            stream.wait_caught_up(daemon)
        # A table has its commit a moment before the ledger has the receipt; a stream that is stopped has both.
        daemon.post("/stream/stop")
        receipts = daemon.get("/stream/events/epochs")
        assert daemon.terminate() == 0
        stream.assert_exact(daemon, receipts=receipts)
        table = stream.table(daemon)
        assert len(readers.versions(table)) >= 3
        assert readers.compare(table) == []


def test_start_is_idempotent_and_stop_is_remembered_over_a_restart(kafka):
    stream = Proven(kafka, "remembered", 1)
    stream.produce(1200)
    with started(kafka) as daemon:
        first = stream.begin(daemon)
        stream.wait_caught_up(daemon)
        assert stream.begin(daemon)["id"] == first["id"], "running with the same spec: the same answer"
        stopped = daemon.post("/stream/stop", {"pipeline": "remembered"})
        assert [one["state"] for one in stopped["streams"]] == ["STOPPED"], stopped
        assert daemon.post("/stream/stop")["streams"] == [], "nothing running: an empty list"
        assert daemon.terminate() == 0
        daemon.start()
        assert daemon.stream("remembered")["state"] == "STOPPED", "a stopped stream stays stopped"
        stream.begin(daemon)
        stream.produce(1500)
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        daemon.start()
        daemon.wait_for_state("remembered", "RUNNING")
        stream.produce(1700)
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_a_stream_waits_for_a_topic_that_is_not_there_yet(kafka):
    with started(kafka) as daemon:
        assert daemon.post("/stream/start", {"topic": "later"})["pipeline"] == "later"
        stalled = daemon.wait_for_state("later", "STALLED")
        assert stalled["error"]["code"] == "unknown_topic", stalled
        stream = Proven(kafka, "later", 1)
        stream.produce(1100)
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)
