"""Exact ranges of a real broker's topics: transactions, growth, patterns, limits, loss."""
from checker import check_all, make_promise
from feed import Feed, Layout
from generator import Generator
from proven import DECLARED, Proven, started, two_sinks
from record import RecordSpec
import readers


def rows_of(path):
    return readers.read_delta_rs(path)


def test_markers_and_aborted_records_are_passed_over(kafka, postgres):
    stream = Proven(kafka, "transacted", 2, document=two_sinks("transacted"), postgres=(postgres, "public.transacted"),
                    layout=Layout(100, 0.3, 5))
    stream.produce(2000)
    with started(kafka, postgres=postgres) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        stream.produce(3000)
        stream.wait_caught_up(daemon)
        daemon.kill()
        stream.produce(4000)
        daemon.start()
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_partitions_added_while_running_are_read_from_their_first_record(kafka):
    stream = Proven(kafka, "growing", 1, document=two_sinks("growing") | {"sinks": [{"delta": {"path": "growing"}}]})
    stream.produce(500)
    with started(kafka) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        kafka.add_partitions("growing", 3)
        stream.feed = Feed(stream.spec, 3, "growing", "growing")
        stream.promise = make_promise(stream.spec.seed, 3, "growing", stream.sink, feeds=(stream.feed,))
        stream.ends = Generator(kafka.address, stream.feed).run(stream.ends | {1: 0, 2: 0}, 900)
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_a_pattern_reads_every_topic_that_matches(kafka):
    spec = RecordSpec(11)
    feeds = (Feed(spec, 2, "input", "sensors-a"), Feed(spec, 1, "input", "sensors-b", Layout(), 2))
    for feed in feeds:
        kafka.create_topic(feed.topic, feed.partitions)
        Generator(kafka.address, feed).run(dict.fromkeys(range(feed.partitions), 0), 800)
    kafka.create_topic("other-topic", 1)
    document = {"name": "sensors", "source": {"kafka": {"pattern": "^sensors-.*"}, "format": {"json": {"schema": DECLARED}}},
                "sinks": [{"delta": {"path": "sensors"}}]}
    promise = make_promise(11, 3, "sensors", "delta:sensors", feeds=feeds)
    with started(kafka) as daemon:
        daemon.post("/stream/start", document)
        daemon.wait_for(lambda: (daemon.stream("sensors") or {}).get("rowsOut") == 2400, "2400 rows")
        assert daemon.terminate() == 0
        verdict = check_all(promise, delta=daemon.lake / "sensors")
        assert verdict.ok, verdict.document()


def test_an_epoch_holds_no_more_offsets_than_it_may(kafka):
    document = two_sinks("limited")
    document["source"]["kafka"]["max_offsets_per_epoch"] = 400
    document["sinks"] = document["sinks"][:1]
    stream = Proven(kafka, "limited", 2, document=document)
    stream.produce(2000)
    with started(kafka) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        receipts = daemon.get("/stream/limited/epochs")
        assert max(receipt["rowsIn"] for receipt in receipts["epochs"]) <= 400
        assert daemon.terminate() == 0
        stream.assert_exact(daemon, receipts=receipts)


def test_records_that_the_broker_no_longer_has_stop_the_stream_with_the_exact_range(kafka):
    document = two_sinks("lossy")
    document["sinks"] = document["sinks"][:1]
    stream = Proven(kafka, "lossy", 1, document=document)
    stream.produce(1000)
    with started(kafka) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        stream.produce(3000)
        kafka.delete_records("lossy", {0: 1500})
        daemon.start()
        failed = daemon.wait_for_state("lossy", "FAILED")
        assert failed["error"]["code"] == "data_loss", failed
        assert "1000" in failed["error"]["detail"] and "1500" in failed["error"]["detail"], failed
        assert len(rows_of(stream.table(daemon))) == 1000, "nothing behind the gap was written"


def test_available_now_works_through_what_is_there_and_finishes(kafka):
    document = two_sinks("finite", trigger="available_now")
    document["sinks"] = document["sinks"][:1]
    stream = Proven(kafka, "finite", 2, document=document)
    stream.produce(1000)
    with started(kafka) as daemon:
        stream.begin(daemon)
        daemon.wait_for_state("finite", "FINISHED")
        stream.produce(1500)
        assert daemon.terminate() == 0
        assert len(rows_of(stream.table(daemon))) == 2000
        daemon.start()
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        daemon.wait_for_state("finite", "FINISHED")
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_a_query_and_a_select_of_one_sink_see_the_same_records(kafka, postgres):
    document = two_sinks("asked", sql="SELECT p, i, value * 2 AS twice, upper(source) AS origin FROM asked WHERE i % 2 = 0")
    document["sinks"][1]["postgres"]["select"] = "SELECT i, twice FROM result WHERE i < 100"
    stream = Proven(kafka, "asked", 1, document=document)
    stream.produce(400)
    with started(kafka, postgres=postgres) as daemon:
        stream.begin(daemon)
        daemon.wait_for(lambda: (daemon.stream("asked") or {}).get("rowsIn") == 400, "400 records")
        assert daemon.terminate() == 0
        in_delta = [dict(row) for row in rows_of(daemon.lake / "asked")]
        assert sorted(row["i"] for row in in_delta) == list(range(0, 400, 2))
        assert set(in_delta[0]) == {"p", "i", "twice", "origin"}
        in_postgres = postgres.query("SELECT i, twice FROM public.asked ORDER BY i")
        assert in_postgres == sorted((row["i"], row["twice"]) for row in in_delta if row["i"] < 100)


def test_a_query_over_an_empty_topic_without_a_schema_says_what_it_needs(kafka):
    kafka.create_topic("hollow", 1)
    document = {"name": "hollow", "source": {"kafka": {"topic": "hollow"}, "format": {"json": {}}}, "sql": "SELECT i FROM hollow WHERE p = 0",
                "sinks": [{"delta": {"path": "hollow"}}]}
    with started(kafka) as daemon:
        daemon.post("/stream/start", document)
        failed = daemon.wait_for_state("hollow", "FAILED")
        assert failed["error"]["code"] == "schema_needed", failed
        Generator(kafka.address, Feed(RecordSpec(3), 1, "hollow", "hollow")).run({0: 0}, 50)
        daemon.post("/stream/start", document)
        daemon.wait_for(lambda: (daemon.stream("hollow") or {}).get("rowsOut") == 50, "50 rows")
