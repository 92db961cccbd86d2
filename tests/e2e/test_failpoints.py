"""Every failpoint in the code is reached by a kill here or in one of the tests named below, and after each all records are there once."""
import re
import signal
from pathlib import Path

import pytest
import requests
from kill_loop import GeneratorLoad
from proven import Proven, started, two_sinks
from test_kills import DELTA_POINTS, POSTGRES_POINTS
from test_lifecycle import LIFECYCLE_POINTS
from test_upsert import UPSERT_POINTS
from test_windows import STATE_POINTS

ELSEWHERE = DELTA_POINTS + POSTGRES_POINTS + UPSERT_POINTS + LIFECYCLE_POINTS + STATE_POINTS
SOURCES = Path(__file__).resolve().parents[2] / "src"
DEFINED = re.compile(r'(?:LT_FAILPOINT|\bFailpoint \w+)\("([^"]+)"\)')
# What must have happened before the point can be reached: an owner that died with files staged.
FIRST = {"storage.remove.before": "delta.prepare.after=kill@2", "storage.remove.after": "delta.prepare.after=kill@2"}

# Passed many times in each epoch: killed in the table's first commit, and in the middle of the work.
OFTEN = re.compile(r"storage\.(create|append|sync|sync_dir|link)\.")


def defined():
    return sorted({name for path in SOURCES.rglob("*.cc") for name in DEFINED.findall(path.read_text())})


def others():
    return [point for point in defined() if point not in ELSEWHERE]


def test_the_points_of_the_kill_loops_are_all_defined():
    assert len(defined()) >= 45, "the pattern finds them"
    assert set(ELSEWHERE) <= set(defined())


def ask(stream, daemon, job):
    stream.begin(daemon)
    if job:
        daemon.post("/batch/run", {"topic": stream.name}, expect=202)


def live_until_killed(kafka, stream, daemon, failpoint):
    """Records come in, the stream is started, and a job if it is about jobs, until the point is reached."""
    load = GeneratorLoad(kafka.address, stream.feed, rate=4000, first=stream.ends)
    with daemon.start(failpoint, wait=False):
        load.start()
        try:
            try:
                daemon.wait_for(lambda: daemon.ready(), "requests to be taken")
                ask(stream, daemon, job=".job." in failpoint)
            except (requests.RequestException, AssertionError):
                assert daemon.wait_exit(5) == -signal.SIGKILL, "only the failpoint may end it while it is asked"
            code = daemon.wait_exit(30)
        finally:
            stream.ends = load.stop()
    assert code == -signal.SIGKILL, f"{failpoint}: exit code {code}"


@pytest.mark.parametrize("point", others())
def test_a_kill_at(point, kafka, request):
    postgres = request.getfixturevalue("postgres") if point.startswith("postgres.") else None
    name = point.replace(".", "_")
    document = two_sinks(name) if postgres else None
    stream = Proven(kafka, name, document=document, postgres=postgres and (postgres, f"public.{name}"))
    stream.produce(200)
    daemon = started(kafka, postgres=postgres, stream_defaults={"epoch": "50ms"})
    if point in FIRST:
        live_until_killed(kafka, stream, daemon, FIRST[point])
    for hit in (1, 13) if OFTEN.match(point) else (1,):
        live_until_killed(kafka, stream, daemon, f"{point}=kill@{hit}")
    with daemon.start():
        ask(stream, daemon, job=".job." in point)
        stream.wait_caught_up(daemon)
        daemon.wait_for(lambda: all(job["status"] == "SUCCEEDED" for job in daemon.get("/batch")["jobs"]), "jobs to end well")
        assert daemon.terminate() == 0
    stream.assert_exact(daemon)
