"""The command line against the real service: what each command does, prints and ends with; and what it does at a terminal."""
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest

from daemon import binary, free_port
from jobs import Topic
from proven import DECLARED, started
from servers import own_directory
from waiting import wait_until

MAN = Path(os.environ["LAKETIDE_SOURCE_DIR"]) / "conf/man/laketide.1"
ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def cli(*words, url=None, expect=0, cwd=None, **environment):
    """(standard output, standard error) of a command."""
    told = {**os.environ, **environment}
    if url:
        told["LAKETIDE_URL"] = url
    done = subprocess.run([binary(), *map(str, words)], capture_output=True, text=True, timeout=120, env=told, cwd=cwd, stdin=subprocess.DEVNULL)
    assert done.returncode == expect, (words, done.returncode, done.stdout, done.stderr)
    assert not ESCAPE.search(done.stdout) and "\r" not in done.stdout, "what is no terminal gets no colours and no bars"
    return done.stdout, done.stderr


def as_json(*words, **options):
    """The one document that -o json prints, and nothing else."""
    out, _ = cli(*words, "-o", "json", **options)
    return json.loads(out)


def at_terminal(*words, columns, url):
    """What a person sees whose terminal is so wide: the exit code, and all that both outputs wrote."""
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([binary(), *map(str, words)], stdin=far, stdout=far, stderr=far, env={**os.environ, "LAKETIDE_URL": url, "TERM": "xterm"}, close_fds=True)
    os.close(far)
    seen = b""
    while True:
        try:
            part = os.read(near, 65536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        seen += part
    os.close(near)
    return process.wait(60), seen.decode()


@pytest.fixture(scope="module")
def service(kafka):
    Topic(kafka, "typed", 2, 1000)
    with started(kafka) as daemon:
        yield daemon


def document(name, **more):
    return {"name": name, "source": {"kafka": {"topic": "typed"}, "format": {"json": {"schema": DECLARED}}}, "sinks": [{"delta": {"path": name}}], **more}


def test_the_life_of_a_pipeline_and_its_stream(service):
    folder = own_directory("typed")
    file = folder / "typed.yaml"
    file.write_text(json.dumps(document("typed-stream")))
    url = service.url
    plan = as_json("pipeline", "plan", file, url=url)
    assert plan["name"] == "typed-stream", plan
    assert "typed-stream" in cli("pipeline", "put", file, url=url)[0]
    assert "typed-stream" in [one["name"] for one in as_json("pipeline", "list", url=url)["pipelines"]]
    assert as_json("pipeline", "show", "typed-stream", url=url)["document"]["name"] == "typed-stream"
    assert as_json("stream", "start", "typed-stream", url=url)["pipeline"] == "typed-stream"
    wait_until(lambda: as_json("stream", "show", "typed-stream", url=url)["lagRecords"] == 0, "the stream to have caught up", 60)
    assert "|typed-stream|" in cli("stream", "list", url=url)[0].replace(" ", "")
    assert as_json("stream", "epochs", "typed-stream", url=url)["epochs"]
    assert cli("stream", "pause", "typed-stream", url=url)[0] == "typed-stream is PAUSED\n"
    assert as_json("stream", "resume", "typed-stream", url=url)["pipeline"] == "typed-stream"
    _, refused = cli("stream", "reset", "typed-stream", "--start", "earliest", url=url, expect=1)
    assert refused.startswith("laketide: ") and "laketide stream stop NAME" in refused, "of one that runs"
    assert "STOPPED" in cli("stream", "stop", "typed-stream", url=url)[0]
    assert cli("stream", "reset", "typed-stream", "--start", "earliest", url=url)[0].startswith("typed-stream begins anew")
    cli("stream", "reset", "typed-stream", url=url, expect=2)
    cli("stream", "reset", "typed-stream", "--start", "soon", url=url, expect=2)
    assert "deleted" in cli("pipeline", "delete", "typed-stream", url=url)[0]
    cli("pipeline", "show", "typed-stream", url=url, expect=1)


def test_jobs_pools_tables_and_the_service_at_a_glance(service):
    url = service.url
    job = as_json("batch", "run", "--topic", "typed", "--start", '{"0":0,"1":0}', "--end", '{"0":500,"1":7}', "--wait", url=url)
    assert job["status"] == "SUCCEEDED" and job["rowsIn"] == 507
    assert as_json("batch", "status", job["jobId"], url=url)["jobId"] == job["jobId"]
    assert as_json("batch", "receipt", job["jobId"], url=url)["epochs"][0]["rowsIn"] == 507
    assert job["jobId"] in [one["jobId"] for one in as_json("batch", "list", url=url)["jobs"]]
    assert as_json("batch", "cancel", job["jobId"], url=url)["status"] == "SUCCEEDED", "a finished one stays what it is"
    failed = json.loads(cli("batch", "run", "--topic", "typed", "--start", '{"0":999999}', "--wait", "-o", "json", url=url, expect=1)[0])
    assert failed["status"] == "FAILED"
    assert as_json("pool", "set", "batch-pool", "--weight", "2", url=url)["weight"] == 2
    assert {one["name"] for one in as_json("pool", "list", url=url)["pools"]} == {"batch-pool", "streaming-pool"}
    assert as_json("status", url=url)["status"] == "ready"

    table = service.lake / "typed_batch"
    assert as_json("table", "show", table)["rows"] == 507
    assert [one["version"] for one in as_json("table", "log", table)] == sorted((one["version"] for one in as_json("table", "log", table)), reverse=True)
    lines = [json.loads(line) for line in cli("table", "cat", table, "-o", "json")[0].splitlines()]
    assert len(lines) == 507 and {"p", "i"} <= set(lines[0])
    assert cli("table", "cat", table, "--limit", "3")[0].count("\n") == 4
    assert as_json("table", "verify", table) == {"ok": True, "findings": []}
    assert as_json("version")["librdkafka"]


def test_exit_codes(service, kafka):
    url, folder = service.url, own_directory("codes")
    away = f"http://127.0.0.1:{free_port()}"
    for words in (["stream", "list"], ["batch", "list"], ["pool", "list"], ["pipeline", "list"], ["status"], ["stop"], ["stream", "pause", "x"]):
        out, err = cli(*words, "--url", away, expect=4)
        assert out == "" and away in err and err.startswith("laketide: "), (out, err)
    for words in (["stream", "show", "nobody"], ["batch", "status", "nobody"], ["pipeline", "delete", "nobody"], ["pool", "set", "nobody", "--weight", "1"]):
        cli(*words, url=url, expect=1)
        problem = json.loads(cli(*words, "-o", "json", url=url, expect=1)[0])
        assert problem["code"] and problem["detail"], problem
    cli("batch", "run", "--topic", "typed", "--start", "soon", url=url, expect=2)
    cli("stream", "list", "--url", "ftp://here", expect=2)
    cli("stream", "lst", url=url, expect=2)
    wrong = folder / "wrong.yaml"
    wrong.write_text("name: wrong\nsource: { kafka: { topic: typed } }\nsql: SELEC 1\nsinks: [ console: {} ]\n")
    for words in (["stream", "start", "--file", wrong], ["pipeline", "put", wrong], ["check", wrong]):
        _, err = cli(*words, url=url, expect=3)
        assert "SELEC" in err, err
    cli("serve", "--set", f"server.listen=127.0.0.1:{service.port}", "--set", f"state.dir={folder}/state", "--set", "pipelines=[]", expect=3, cwd=folder)
    _, err = cli("serve", "--set", f"server.listen=127.0.0.1:{free_port()}", "--set", f"state.dir={service.state}", "--set", "pipelines=[]", expect=3, cwd=folder)
    assert str(service.state) in err, err
    cli("produce", "--topic", "t", "--count", "1", "--brokers", f"127.0.0.1:{free_port()}", expect=4, cwd=folder,
        LAKETIDE_KAFKA__CLIENT__MESSAGE_TIMEOUT_MS="500")
    kafka.create_topic("typed-more", 1)
    assert json.loads(cli("produce", "--topic", "typed-more", "--rate", "0", "--count", "25", "--brokers", kafka.address, "-o", "json", cwd=folder)[0]) == \
        {"topic": "typed-more", "records": 25}
    cli("table", "show", folder / "no-table", expect=1)


def test_a_high_rate_is_not_held_back_between_bursts(kafka):
    """A pause of 10 ms behind each 1,000 events, as there once was, makes a second of these: compared with no rate at all, each at its best."""
    kafka.create_topic("fast", 1)
    best = {"0": 60.0, "50000000": 60.0}
    for rate in 3 * list(best):
        begin = time.monotonic()
        cli("produce", "--topic", "fast", "--rate", rate, "--count", "100000", "--brokers", kafka.address)
        best[rate] = min(best[rate], time.monotonic() - begin)
    assert best["50000000"] < best["0"] + 0.7, best


def test_a_person_sees_how_far_events_are_written(kafka):
    kafka.create_topic("watched", 1)
    code, seen = at_terminal("produce", "--topic", "watched", "--rate", "50", "--count", "50", "--brokers", kafka.address, columns=60, url="")
    assert code == 0 and seen.endswith("50 records written to watched\r\n"), seen
    lines = seen.split("\r\x1b[K")[1:-1]
    shown = [re.fullmatch(r"\[(#*)(-*)\] (\d+) records  (\d+)/s", line) for line in lines]
    assert len(shown) >= 2 and all(shown), lines
    counts = [int(one[3]) for one in shown]
    assert counts == sorted(counts) and all(len(one[1]) == len(one[1] + one[2]) * int(one[3]) // 50 for one in shown), lines


def test_a_token_comes_from_a_file_or_the_environment(kafka):
    folder = own_directory("tokens")
    (folder / "tokens").write_text("read lookonly-0123456789\nadmin allofit-0123456789\n")
    (folder / "mine").write_text("allofit-0123456789\n")
    with started(kafka, server={"token_file": str(folder / "tokens")}) as daemon:
        _, err = cli("stream", "list", url=daemon.url, expect=1)
        assert "--token-file" in err and "LAKETIDE_TOKEN" in err
        cli("stream", "list", url=daemon.url, LAKETIDE_TOKEN="lookonly-0123456789")
        _, err = cli("stream", "stop", url=daemon.url, expect=1, LAKETIDE_TOKEN="lookonly-0123456789")
        assert "lookonly" not in err
        cli("stream", "stop", "--token-file", folder / "mine", url=daemon.url)
        assert "token" in cli("stop", "--token-file", folder / "mine", url=daemon.url)[0] or daemon.wait_exit() == 0


def test_a_terminal_gets_a_bar_and_tables_that_fit(service):
    code, seen = at_terminal("batch", "run", "--topic", "typed", "--start", '{"0":0}', "--end", '{"0":9}', "--allow-repeats", "--wait", columns=70, url=service.url)
    assert code == 0, seen
    assert "\x1b[K" in seen and re.search(r"\[[#-]{10,}\]\s+\d+%", seen), repr(seen)
    for columns in (60, 80, 120):
        for words in (["batch", "list"], ["pool", "list"], ["stream", "list"], ["table", "log", service.lake / "typed_batch"], ["table", "show", service.lake / "typed_batch"]):
            code, seen = at_terminal(*words, columns=columns, url=service.url)
            assert code == 0, seen
            rows = [line for line in seen.splitlines() if line.startswith(("+", "|"))]
            assert all(len(line) <= columns for line in rows), (columns, words, seen)
    assert rows


def test_the_manual_page_is_clean():
    groff = shutil.which("groff")
    assert groff, "groff is of the Debian package groff-base: tests/packages.txt"
    done = subprocess.run([groff, "-man", "-Tutf8", "-ww", "-P-c", str(MAN)], capture_output=True, text=True, timeout=60, env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert (done.returncode, done.stderr) == (0, "")
    page = re.sub(".\x08", "", done.stdout)  # bold is a letter struck twice
    assert "EXIT STATUS" in page and "laketide stream reset PIPELINE" in page
