"""`laketide check` against real servers: it reaches them only when it is told to, and changes nothing there."""
import json
import subprocess

from daemon import binary
from jobs import Topic
from servers import own_directory


def check(folder, *words, expect):
    done = subprocess.run([binary(), "check", *map(str, words)], capture_output=True, text=True, timeout=120, cwd=folder, stdin=subprocess.DEVNULL)
    assert done.returncode == expect, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def test_connect_reaches_what_the_files_name(kafka, postgres):
    Topic(kafka, "checked", 1, 10)
    folder = own_directory("check")
    service, pipeline = folder / "service.yaml", folder / "pipeline.yaml"
    service.write_text(json.dumps({"kafka": {"brokers": kafka.address}, "postgres": {"url": postgres.url}, "pipelines": []}))
    document = {"name": "checked", "source": {"kafka": {"topic": "checked"}, "format": {"json": {"schema": "id bigint, value double"}}},
                "sql": "SELECT id, value * 2 AS twice FROM checked WHERE id > 5",
                "sinks": [{"delta": {"path": "checked"}}, {"postgres": {"table": "public.checked", "mode": "upsert", "key": ["id"]}}]}
    pipeline.write_text(json.dumps(document))
    out, err = check(folder, "--connect", service, pipeline, expect=0)
    assert err == "" and "pipeline checked" in out and "Filter id > 5" in out and "key id" in out
    check(folder, "--connect", service, expect=0)
    assert postgres.query("SELECT count(*) FROM information_schema.tables WHERE table_schema IN ('public', 'laketide') AND table_name IN ('checked', 'progress')") == [(0,)]
    assert not (folder / "data").exists(), "nothing is made here either"

    document["source"]["kafka"]["topic"] = "nowhere"
    document["sql"] = "SELECT id, value AS twice FROM source"
    pipeline.write_text(json.dumps(document))
    out, err = check(folder, "--connect", service, pipeline, "-o", "json", expect=4)
    [away] = json.loads(out)["unreachable"]
    assert (away["pipeline"], away["code"]) == ("checked", "unknown_topic") and "nowhere" in err
    check(folder, service, pipeline, expect=0)


def test_a_mistake_is_found_at_its_place_before_anything_is_reached():
    folder = own_directory("check")
    file = folder / "wrong.yaml"
    file.write_text("name: wrong\nsource: { kafka: { topic: events, brokers: \"127.0.0.1:1\" } }\nsql: |\n  SELECT *\n  FROM evnts\nsinks: [ console: {} ]\n")
    _, err = check(folder, "--connect", "wrong.yaml", expect=3)
    assert err == "wrong.yaml:5:8: sql: there is no table 'evnts'; there is: events, source\n"
