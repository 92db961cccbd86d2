"""The life of a pipeline over HTTP and from files: put, planned, changed, paused, reset, deleted; what survives a restart and SIGHUP."""
import collections
import json
import signal

import deltalake
import pytest
import requests

from proven import DECLARED, Proven, started, two_sinks

FORGET_POINTS = ["ledger.forget.before", "ledger.forget.after"]
RESET_POINTS = ["ledger.reset.before", "ledger.reset.after"]
LIFECYCLE_POINTS = FORGET_POINTS + RESET_POINTS  # test_failpoints leaves them to this file


def document(name, topic=None, **more):
    """A pipeline from a topic into the Delta table of its name."""
    return {"name": name, "source": {"kafka": {"topics": [topic or name]}, "format": {"json": {"schema": DECLARED}}},
            "sinks": [{"delta": {"path": name}}], **more}


def epochs(daemon, name):
    """Every receipt, oldest first, gathered page by page."""
    found, query = [], "?limit=3"
    while query:
        page = daemon.get(f"/stream/{name}/epochs{query}")
        found += page["epochs"]
        query = f"?limit=3&before={page['next']}" if page["next"] is not None else None
    return found[::-1]


def stop(daemon, name):
    return daemon.post("/stream/stop", {"pipeline": name})


def hang_up(daemon):
    """SIGHUP, and wait until the files were read again."""
    before = daemon.log.count("the files were read again")
    daemon.signal(signal.SIGHUP)
    daemon.wait_for(lambda: daemon.log.count("the files were read again") > before, "the files to be read again")


def copies(daemon, name):
    """How often each record stands in the Delta table: {times: records}."""
    table = deltalake.DeltaTable(str(daemon.lake / name)).to_pyarrow_table(columns=["p", "i"])
    times = collections.Counter(zip(table["p"].to_pylist(), table["i"].to_pylist()))
    return dict(collections.Counter(times.values()))


def generation(daemon, name):
    return deltalake.DeltaTable(str(daemon.lake / name)).transaction_version(f"laketide/{name}/delta%3A{name}/generation")


def test_put_answers_the_plan_of_the_change_and_plan_does_nothing(kafka):
    kafka.create_topic("planned", 1)
    with started(kafka) as daemon:
        one = document("planned", sql="SELECT p, i, value FROM source WHERE value > 3")
        planned = daemon.post("/pipelines/planned/plan", one)
        assert planned["change"] == "new" and planned["stream"] == "none", planned
        assert "delta:planned" in planned["queryPlan"] and "value" in planned["queryPlan"], planned
        daemon.get("/pipelines/planned", expect=404)
        answer = daemon.request("PUT", "/pipelines/planned", {key: value for key, value in one.items() if key != "name"})
        assert answer.status_code == 201 and answer.headers["Location"] == "/pipelines/planned", answer.text
        listed = daemon.get("/pipelines/planned")
        assert listed["document"] == one and listed["origin"] == "http" and listed["readOnly"] is False and listed["state"] is None, listed
        daemon.get("/stream/planned", expect=404)
        answer = daemon.request("PUT", "/pipelines/planned", one)
        assert (answer.status_code, answer.json()["change"]) == (200, "unchanged"), answer.text
        changed = daemon.request("PUT", "/pipelines/planned", {**one, "trigger": {"epoch": "1s"}}).json()
        assert (changed["change"], changed["changed"], changed["stream"]) == ("keeps_offsets", ["trigger"], "none"), changed
        # What is known to be unable to run is refused before anything is kept.
        for wrong, code in (({**one, "sql": "SELECT nothing FROM source"}, 422), ({**one, "sql": "SELEC 1"}, 422), ({**one, "sinks": []}, 422),
                            ({**one, "name": "other"}, 422), ({**one, "pool": "no-such-pool"}, 422), ({**one, "colour": 1}, 400)):
            for method, path in (("PUT", "/pipelines/planned"), ("POST", "/pipelines/planned/plan")):
                refused = daemon.request(method, path, wrong)
                assert refused.status_code in (code, 404), refused.text  # an unknown pool is not found
        assert daemon.get("/pipelines/planned")["document"] == {**one, "trigger": {"epoch": "1s"}}
        # What was put is there after a restart, started or not.
        assert daemon.terminate() == 0
        daemon.start()
        assert daemon.get("/pipelines/planned")["document"] == {**one, "trigger": {"epoch": "1s"}}
        daemon.get("/stream/planned", expect=404)
        daemon.request("PUT", "/pipelines/eager", document("eager", topic="planned", autostart=True))
        daemon.wait_for_state("eager", "RUNNING")
        assert daemon.get("/pipelines")["next"] is None
        page = daemon.get("/pipelines?limit=1")
        assert [one["name"] for one in page["pipelines"]] == ["eager"] and page["next"] == "eager"
        assert [one["name"] for one in daemon.get("/pipelines?limit=1&after=eager")["pipelines"]] == ["planned"]


def test_put_on_a_running_stream_restarts_it_from_its_offsets(kafka):
    stream = Proven(kafka, "changed", document=document("changed"))
    stream.produce(1200)
    with started(kafka) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        before = daemon.stream("changed")
        changed = {**stream.document, "trigger": {"epoch": "100ms"}, "lanes": 1}
        answer = daemon.request("PUT", "/pipelines/changed", changed).json()
        assert (answer["change"], answer["stream"], answer["changed"]) == ("keeps_offsets", "restarts", ["lanes", "trigger"]), answer
        daemon.wait_for(lambda: (now := daemon.stream("changed")) and now["state"] == "RUNNING" and now["id"] != before["id"], "the next run")
        assert daemon.post("/stream/start", changed)["id"] == daemon.stream("changed")["id"], "it runs by the new document"
        refused = daemon.request("POST", "/stream/start", stream.document)
        assert refused.status_code == 409 and refused.json()["code"] == "other_spec" and "PUT /pipelines/changed" in refused.json()["detail"], refused.text
        stream.produce(1500)
        stream.wait_caught_up(daemon)
        stop(daemon, "changed")
        receipts = epochs(daemon, "changed")
        assert [one["epoch"] for one in receipts] == list(range(len(receipts))), "epochs go on"
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)
        daemon.start()
        assert daemon.get("/pipelines/changed")["document"] == changed


def test_a_change_that_would_lose_the_progress_is_refused_with_the_way_out(kafka):
    stream = Proven(kafka, "kept", document=document("kept", sinks=[{"delta": {"path": "kept", "id": "delta:kept"}}]))
    stream.produce(1100)
    kafka.create_topic("kept-other", 1)
    with started(kafka) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        daemon.wait_for(lambda: epochs(daemon, "kept"), "a receipt")
        run = daemon.stream("kept")["id"]
        kafka_of = stream.document["source"]
        for wrong, reason in ((document("kept", topic="kept-other"), 'no source "kept"'),
                              ({**stream.document, "sinks": [{"delta": {"path": "elsewhere", "id": "delta:kept"}}]}, "another table under the same id"),
                              ({key: value for key, value in stream.document.items() if key != "source"} | {"sources": {"other": kafka_of}}, 'no source "kept"')):
            refused = daemon.request("PUT", "/pipelines/kept", wrong)
            assert refused.status_code == 409 and refused.json()["code"] == "change_refused", refused.text
            assert reason in refused.json()["detail"] and "/stream/kept/reset" in refused.json()["detail"], refused.text
            planned = daemon.post("/pipelines/kept/plan", wrong)
            assert planned["change"] == "refused" and reason in planned["reason"] and "reset" in planned["wayOut"] and planned["stream"] == "none", planned
        assert daemon.stream("kept")["id"] == run, "it runs on"
        added = {**stream.document, "sinks": [*stream.document["sinks"], {"delta": {"path": "kept_too"}}]}
        assert any("begins at the next offset" in note for note in daemon.post("/pipelines/kept/plan", added)["notes"])
        # The way out that was named is one.
        stop(daemon, "kept")
        daemon.post("/stream/kept/reset", {"start": "earliest"})
        assert daemon.request("PUT", "/pipelines/kept", document("kept", topic="kept-other")).status_code == 200
        daemon.post("/stream/start", {"pipeline": "kept"})
        daemon.wait_for_state("kept", "RUNNING")


def test_delete_waits_for_the_stop_and_forgets_no_progress(kafka):
    stream = Proven(kafka, "deleted", document=document("deleted"))
    stream.produce(1100)
    with started(kafka) as daemon:
        assert daemon.request("DELETE", "/pipelines/deleted").status_code == 404
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        refused = daemon.request("DELETE", "/pipelines/deleted")
        assert (refused.status_code, refused.json()["code"]) == (409, "stream_active") and "/stream/stop" in refused.json()["detail"], refused.text
        daemon.post("/stream/deleted/pause")
        assert daemon.request("DELETE", "/pipelines/deleted").status_code == 409, "a paused stream is still wanted"
        stop(daemon, "deleted")
        deleted = daemon.request("DELETE", "/pipelines/deleted")
        assert deleted.status_code == 200 and deleted.json()["deleted"] is True, deleted.text
        for path in ("/pipelines/deleted", "/stream/deleted"):
            daemon.get(path, expect=404)
        assert daemon.request("DELETE", "/pipelines/deleted").status_code == 404
        assert daemon.terminate() == 0
        daemon.start()
        daemon.get("/pipelines/deleted", expect=404)
        # The same pipeline made again goes on where it ended.
        answer = daemon.request("PUT", "/pipelines/deleted", stream.document)
        assert answer.status_code == 201 and answer.json()["change"] == "keeps_offsets", answer.text
        assert any("goes on behind epoch" in note for note in answer.json()["notes"])
        daemon.post("/stream/start", {"pipeline": "deleted"})
        stream.produce(1300)
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_paused_survives_restarts_and_resume_goes_on(kafka, postgres):
    stream = Proven(kafka, "paused", document=two_sinks("paused"), postgres=(postgres, "public.paused"))
    stream.produce(1100)
    with started(kafka, postgres=postgres) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        paused = daemon.post("/stream/paused/pause")
        assert paused["state"] == "PAUSED", paused
        assert daemon.post("/stream/paused/pause")["state"] == "PAUSED", "twice is once"
        reset = daemon.request("POST", "/stream/paused/reset", {"start": "earliest"})
        assert (reset.status_code, reset.json()["code"]) == (409, "stream_active"), "only when stopped"
        at = stream.progress(daemon)
        stream.produce(1400)
        assert daemon.terminate() == 0
        daemon.start()
        assert daemon.stream("paused")["state"] == "PAUSED"
        daemon.kill()
        daemon.start()
        assert daemon.stream("paused")["state"] == "PAUSED"
        assert stream.progress(daemon) == at, "nothing was read meanwhile"
        daemon.post("/stream/paused/resume")
        stream.wait_caught_up(daemon)
        assert daemon.post("/stream/paused/resume")["state"] == "RUNNING", "one that runs stays as it is"
        daemon.post("/stream/paused/pause")
        assert [one["state"] for one in stop(daemon, "paused")["streams"]] == ["STOPPED"], "a paused stream can be stopped"
        for verb, code in (("resume", "not_paused"), ("pause", "not_running")):
            refused = daemon.request("POST", f"/stream/paused/{verb}")
            assert (refused.status_code, refused.json()["code"]) == (409, code), refused.text
        assert daemon.terminate() == 0
        daemon.start()
        assert daemon.stream("paused")["state"] == "STOPPED"
        daemon.post("/stream/start", {"pipeline": "paused"})
        stream.produce(1500)
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_resume_before_a_pause_has_drained_goes_on(kafka):
    stream = Proven(kafka, "wavering", document=document("wavering"))
    with started(kafka) as daemon:
        stream.begin(daemon)
        for upto in range(1100, 1600, 100):
            stream.produce(upto)
            # Not waited for: the pause may have drained or not when the resume comes.
            daemon.request("POST", "/stream/wavering/pause", timeout=60)
            daemon.post("/stream/wavering/resume")
        stream.wait_caught_up(daemon)
        daemon.wait_for_state("wavering", "RUNNING")
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_a_failed_stream_waits_for_an_explicit_start(kafka):
    stream = Proven(kafka, "failing")
    stream.produce(1100)
    broken = document("failing", sql="SELECT no_such_column FROM source")
    with started(kafka) as daemon:
        refused = daemon.request("POST", "/stream/start", broken)
        assert (refused.status_code, refused.json()["code"]) == (422, "sql_unknown_column"), "a declared schema tells it at once"
        broken["source"]["format"] = {"json": {}}  # one that is learnt tells it later
        daemon.post("/stream/start", broken)
        failed = daemon.wait_for_state("failing", "FAILED")
        for _ in range(2):
            assert daemon.terminate() == 0
            daemon.start()
            again = daemon.stream("failing")
            assert again["state"] == "FAILED" and again["error"] == failed["error"] and again["id"] == "", "not started, and says why"
        answer = daemon.request("PUT", "/pipelines/failing", document("failing")).json()
        assert answer["stream"] == "at_next_start", answer
        assert daemon.stream("failing")["state"] == "FAILED"
        daemon.post("/stream/start", {"pipeline": "failing"})
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_reset_says_what_is_repeated_and_repeats_exactly_that(kafka):
    stream = Proven(kafka, "again", 2, document=document("again"))
    ends = stream.produce(1100)
    with started(kafka) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        refused = daemon.request("POST", "/stream/again/reset", {"start": "earliest"})
        assert (refused.status_code, refused.json()["code"]) == (409, "stream_active"), refused.text
        stop(daemon, "again")
        assert copies(daemon, "again").keys() == {1}
        once, before, last = copies(daemon, "again")[1], generation(daemon, "again"), epochs(daemon, "again")[-1]["epoch"]
        committed = {one["partition"]: one["committed"] for one in daemon.stream("again")["partitions"]}
        assert daemon.request("POST", "/stream/again/reset", {"start": "whenever"}).json()["code"] == "bad_offsets"
        assert daemon.post("/stream/again/reset", {"start": "latest"})["repeats"] == [], "nothing twice"
        answer = daemon.post("/stream/again/reset", {"start": "earliest"})
        assert {one["partition"]: (one["start"], one["end"]) for one in answer["repeats"]} == {p: (0, end) for p, end in committed.items()}, answer
        assert answer["epoch"] == last and answer["state"] == "STOPPED" and any("a second time" in note for note in answer["notes"]), answer
        assert copies(daemon, "again") == {1: once}, "nothing is read before the start"
        daemon.kill()  # a reset is durable, and is carried out once
        daemon.start()
        daemon.post("/stream/start", {"pipeline": "again"})
        daemon.wait_for(lambda: copies(daemon, "again") == {2: once}, "every record to stand there twice")
        assert generation(daemon, "again") > before
        stop(daemon, "again")
        numbers = [one["epoch"] for one in epochs(daemon, "again")]
        assert numbers == list(range(len(numbers))) and numbers[-1] > last, "numbers never go back"
        for _ in range(2):
            daemon.kill()
            daemon.start()
            daemon.post("/stream/start", {"pipeline": "again"})
            daemon.wait_for_state("again", "RUNNING")
        # From an offset on: of partition 0 its second half a third time, of partition 1 nothing.
        stop(daemon, "again")
        answer = daemon.post("/stream/again/reset", {"start": {"0": ends[0] // 2, "1": -1}})
        assert [(one["partition"], one["start"]) for one in answer["repeats"]] == [(0, ends[0] // 2)], answer
        daemon.post("/stream/start", {"pipeline": "again"})
        daemon.wait_for(lambda: copies(daemon, "again").get(3), "the second half a third time")
        stop(daemon, "again")
        assert copies(daemon, "again").keys() == {2, 3}


def killed(daemon, method, path, body=None):
    """Sends a request that the process does not live to answer."""
    try:
        answer = daemon.request(method, path, body)
        raise AssertionError(f"answered: {answer.status_code} {answer.text}")
    except requests.RequestException:
        assert daemon.wait_exit(20) == -signal.SIGKILL


@pytest.mark.parametrize("point", FORGET_POINTS)
def test_a_kill_in_a_delete_leaves_the_pipeline_or_takes_it(kafka, point):
    with started(kafka) as daemon:
        assert daemon.request("PUT", "/pipelines/brief", document("brief")).status_code == 201
        assert daemon.terminate() == 0
        daemon.start(f"{point}=kill")
        killed(daemon, "DELETE", "/pipelines/brief")
        daemon.start()
        daemon.get("/pipelines/brief", expect=200 if point.endswith("before") else 404)
        assert daemon.request("PUT", "/pipelines/brief", document("brief", lanes=1)).status_code == (200 if point.endswith("before") else 201)


@pytest.mark.parametrize("hit", [1, 2])
@pytest.mark.parametrize("point", RESET_POINTS)
def test_a_kill_in_a_reset_repeats_everything_once_or_nothing(kafka, point, hit):
    name = f"{point.replace('.', '-')}-{hit}"
    stream = Proven(kafka, name, 1, document=document(name))
    stream.produce(1100)
    with started(kafka) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        stop(daemon, name)
        once = copies(daemon, name)[1]
        assert daemon.terminate() == 0
        daemon.start(f"{point}=kill@{hit}")
        if hit == 1:
            killed(daemon, "POST", f"/stream/{name}/reset", {"start": "earliest"})
        else:
            # The second time is when the next run writes down where it begins.
            daemon.post(f"/stream/{name}/reset", {"start": "earliest"})
            try:
                daemon.request("POST", "/stream/start", {"pipeline": name})
            except requests.RequestException:
                pass
            assert daemon.wait_exit(20) == -signal.SIGKILL
        daemon.start()
        daemon.post("/stream/start", {"pipeline": name})
        times = 1 if (point, hit) == ("ledger.reset.before", 1) else 2
        daemon.wait_for(lambda: copies(daemon, name) == {times: once}, f"every record to stand there {times} times")
        stop(daemon, name)
        assert copies(daemon, name) == {times: once}
        numbers = [one["epoch"] for one in epochs(daemon, name)]
        assert numbers == list(range(len(numbers)))


def test_reset_heals_a_stream_whose_table_was_lost(kafka):
    stream = Proven(kafka, "lost", document=document("lost", sinks=[{"delta": {"path": "lost"}}, {"delta": {"path": "lost_too"}}]))
    stream.produce(1100)
    with started(kafka) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        stop(daemon, "lost")
        (daemon.lake / "lost").rename(daemon.directory / "taken-away")
        daemon.post("/stream/start", {"pipeline": "lost"})
        failed = daemon.wait_for_state("lost", "FAILED")
        assert failed["error"]["code"] == "sink_behind" and "reset" in failed["error"]["detail"], failed
        daemon.post("/stream/lost/reset", {"start": "earliest"})
        assert daemon.stream("lost")["state"] == "STOPPED"
        daemon.post("/stream/start", {"pipeline": "lost"})
        stream.wait_caught_up(daemon)
        stop(daemon, "lost")
        assert copies(daemon, "lost").keys() == {1} and copies(daemon, "lost_too").keys() == {2}
        assert epochs(daemon, "lost")[-1]["epoch"] > 0, "numbers never go back"


def test_autostart_and_files_that_are_read_at_the_start(kafka):
    kafka.create_topic("filed", 1)
    daemon = started(kafka)
    path = daemon.write_pipeline(document("filed", autostart=True))
    daemon.write_pipeline(document("idle", topic="filed"))
    with daemon:
        daemon.wait_for_state("filed", "RUNNING")
        daemon.get("/stream/idle", expect=404)
        info = daemon.get("/pipelines/filed")
        assert info["origin"] == f"file:{path}" and info["readOnly"] is True and info["state"] == "RUNNING", info
        for method, body in (("PUT", document("filed", lanes=1)), ("DELETE", None)):
            refused = daemon.request(method, "/pipelines/filed", body)
            assert (refused.status_code, refused.json()["code"]) == (409, "pipeline_read_only"), refused.text
            assert str(path) in refused.json()["detail"] and "SIGHUP" in refused.json()["detail"], "says where and how it is changed"
        stop(daemon, "filed")
        assert daemon.terminate() == 0
        daemon.start()
        assert daemon.stream("filed")["state"] == "STOPPED", "what the user said last counts, not autostart"
        daemon.post("/stream/start", {"pipeline": "filed"})
        assert daemon.terminate() == 0
        daemon.start(arguments=["--paused"])
        assert daemon.stream("filed")["state"] == "STOPPED" and daemon.get("/ready")["status"] == "ready", "--paused restores no stream"
        assert daemon.terminate() == 0
        daemon.start()
        daemon.wait_for_state("filed", "RUNNING")
        # Without its file it is not started again, and says so.
        path.unlink()
        assert daemon.terminate() == 0
        daemon.start()
        gone = daemon.stream("filed")
        assert gone["state"] == "FAILED" and gone["error"]["code"] == "pipeline_file_gone", gone
        assert daemon.request("POST", "/stream/start", {"pipeline": "filed"}).json()["code"] == "pipeline_file_gone"
        daemon.write_pipeline(document("filed", autostart=True))
        assert daemon.terminate() == 0
        daemon.start()
        daemon.wait_for_state("filed", "RUNNING")


def test_files_are_read_again_on_sighup(kafka):
    stream = Proven(kafka, "live", document=document("live"))
    stream.produce(1100)
    daemon = started(kafka, log={"level": "info"})
    daemon.write_pipeline(document("live"))
    with daemon:
        daemon.post("/stream/start", {"pipeline": "live"})
        stream.wait_caught_up(daemon)
        run = daemon.stream("live")["id"]
        hang_up(daemon)
        assert daemon.stream("live")["id"] == run, "what has not changed is left alone"
        # Another document: the stream goes on under it.
        path = daemon.write_pipeline(document("live", trigger={"epoch": "100ms"}))
        daemon.write_pipeline(document("fresh", topic="live", autostart=True))
        hang_up(daemon)
        daemon.wait_for(lambda: (now := daemon.stream("live")) and now["state"] == "RUNNING" and now["id"] != run, "the next run")
        daemon.wait_for_state("fresh", "RUNNING")
        assert daemon.get("/pipelines/live")["document"]["trigger"] == {"epoch": "100ms"}
        # One that would lose its progress is not taken, and the log says the way out.
        run = daemon.stream("live")["id"]
        daemon.write_pipeline(document("live", topic="other-topic"))
        hang_up(daemon)
        assert "pipeline live: the progress is kept under the source's name" in daemon.log and "/stream/live/reset" in daemon.log
        assert daemon.stream("live")["id"] == run and daemon.get("/pipelines/live")["document"]["source"]["kafka"]["topics"] == ["live"]
        # One that cannot be read: no pipeline is taken or taken away.
        path.write_text("name: live\nsources: [")
        daemon.write_pipeline(document("untaken", topic="live"))
        hang_up(daemon)
        assert "the files were refused" in daemon.log and "live.yaml:" in daemon.log
        daemon.get("/pipelines/untaken", expect=404)
        assert daemon.stream("live")["id"] == run
        # One that is gone: its stream goes on until it is stopped.
        path.unlink()
        (daemon.pipelines / "fresh.yaml").unlink()
        stop(daemon, "fresh")
        hang_up(daemon)
        assert "pipeline live: its file is gone" in daemon.log
        assert daemon.stream("live")["state"] == "RUNNING" and daemon.get("/pipelines/live")["readOnly"] is False
        daemon.get("/pipelines/fresh", expect=404)
        daemon.get("/stream/fresh", expect=404)
        daemon.get("/pipelines/untaken")
        stream.produce(1400)
        stream.wait_caught_up(daemon)
        stop(daemon, "live")
        assert daemon.request("POST", "/stream/start", {"pipeline": "live"}).json()["code"] == "pipeline_file_gone"
        assert daemon.request("DELETE", "/pipelines/live").status_code == 200, "it belongs to nobody any more"
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_a_file_takes_the_name_of_a_pipeline_that_came_over_http(kafka):
    stream = Proven(kafka, "taken", document=document("taken"))
    stream.produce(1100)
    with started(kafka) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        run = daemon.stream("taken")["id"]
        daemon.write_pipeline(document("taken"))
        hang_up(daemon)
        assert "pipeline taken: belongs to its file now" in daemon.log
        assert daemon.get("/pipelines/taken")["readOnly"] is True and daemon.stream("taken")["id"] == run, "the same document: the stream is left alone"
        assert daemon.request("DELETE", "/pipelines/taken").json()["code"] == "pipeline_read_only"
        daemon.write_pipeline(document("taken", lanes=1))
        assert daemon.terminate() == 0
        daemon.start()
        assert daemon.get("/pipelines/taken")["document"]["lanes"] == 1, "at the start the file counts"
        stream.produce(1300)
        stream.wait_caught_up(daemon)
        # While it was down the file became one that would lose the progress.
        assert daemon.terminate() == 0
        daemon.write_pipeline(document("taken", topic="other-topic"))
        daemon.start()
        refused = daemon.stream("taken")
        assert refused["state"] == "FAILED" and refused["error"]["code"] == "change_refused", refused
        daemon.write_pipeline(document("taken"))
        assert daemon.terminate() == 0
        daemon.start()
        daemon.wait_for_state("taken", "RUNNING")
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_pools_and_log_level_are_read_again_and_the_rest_is_told(kafka):
    daemon = started(kafka, log={"level": "warn"}, pools={"batch-pool": {"weight": 1}, "streaming-pool": {"weight": 3}})
    with daemon:
        file = daemon.directory / "laketide.yaml"
        config = json.loads(file.read_text())
        assert daemon.request("PUT", "/pools/batch-pool", {"weight": 7}).json()["weight"] == 7
        config["log"] = {"level": "info"}
        config["pools"]["batch-pool"] = {"weight": 2}
        config["server"]["listen"] = "127.0.0.1:1"
        config["kafka"]["brokers"] = "127.0.0.1:9"
        config["pools"]["new-pool"] = {"weight": 1}
        file.write_text(json.dumps(config))
        hang_up(daemon)
        assert daemon.get("/pools/batch-pool")["weight"] == 2, "what HTTP had changed is gone too"
        for name in ("server.listen", "kafka.brokers", "pools.new-pool (new)"):
            assert f"{name} has changed and is taken at the next start" in daemon.log, daemon.log
        assert daemon.get("/health")["status"] == "ok", "it listens where it did"
        config["log"] = {"level": "loud"}
        file.write_text(json.dumps(config))
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: "the files were refused" in daemon.log and "laketide.yaml:" in daemon.log, "the refusal")
        assert daemon.get("/pools/batch-pool")["weight"] == 2


def test_specs_are_compared_unexpanded_and_secrets_are_never_shown(kafka, postgres):
    secret, other = "s3cr3t-Kn0wn-0nly-t0-Us", "an0ther-s3cr3t-Entirely"
    name = "hidden"
    stream = Proven(kafka, name, document=two_sinks(name), postgres=(postgres, f"public.{name}"))
    stream.produce(1100)
    url = f"{postgres.url}?password=${{SECRET}}" if "?" not in postgres.url else f"{postgres.url}&password=${{SECRET}}"
    filed = {**two_sinks(name), "sinks": [{"delta": {"path": name}}, {"postgres": {"table": f"public.{name}", "url": url}}]}
    daemon = started(kafka, postgres=postgres, log={"level": "debug"})
    daemon.write_pipeline(filed)
    daemon.start(env={"SECRET": secret})
    with daemon:
        daemon.post("/stream/start", {"pipeline": name})
        stream.wait_caught_up(daemon)
        run = daemon.stream(name)["id"]
        assert daemon.post(f"/pipelines/{name}/plan", {**two_sinks(name), "lanes": 1})["change"] == "refused"
        hang_up(daemon)
        assert daemon.stream(name)["id"] == run
        # A server that is not there: its errors name no password either.
        away = {**document("away", topic=name), "sinks": [{"postgres": {"table": "public.away", "url": f"postgresql://user:${{SECRET}}@127.0.0.1:1/none"}}]}
        daemon.write_pipeline(away)
        hang_up(daemon)
        daemon.post("/stream/start", {"pipeline": "away"})
        daemon.wait_for_state("away", "STALLED")
        shown = "".join(requests.get(daemon.url + path, timeout=30).text for path in
                        ("/", "/pipelines", f"/pipelines/{name}", "/pipelines/away", "/stream", "/stream/away", f"/stream/{name}", f"/stream/{name}/epochs", "/metrics", "/pools", "/batch"))
        assert "${SECRET}" in shown and secret not in shown and secret not in daemon.log
        assert daemon.terminate() == 0
        daemon.start(env={"SECRET": other})
        daemon.wait_for_state(name, "RUNNING")
        assert daemon.get(f"/pipelines/{name}")["document"] ["sinks"][1] == filed["sinks"][1], "the same document, whatever its variables say"
        stored = b"".join(path.read_bytes() for path in daemon.state.iterdir() if path.is_file())
        assert secret.encode() not in stored and other.encode() not in stored
        stream.produce(1300)
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        assert secret not in daemon.log and other not in daemon.log
        stream.assert_exact(daemon)
