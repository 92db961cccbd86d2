"""One round of the campaign: a few lines and jobs, a daemon that lives many short lives among faults, and the verdict.

All that happens is drawn from one seed; only its timing is the machine's. A life is one process of the daemon:

    start with failpoints drawn, or none -> faults at drawn moments (frozen, broker or database away, locks, a foreign
    compaction, another daemon taking over) -> the end: SIGKILL, or SIGTERM, which must end in exit code 0

The last life has no faults: everything must catch up by itself, each job must succeed, and the checker has the word.
"""

import dataclasses
import errno
import pathlib
import random
import re
import signal
import subprocess
import threading
import time

import requests

import workload
from failing_disk import LIBRARY, FailingDisk
from verdict import Verdict

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "src"
DEFINED = re.compile(r'(?:LT_FAILPOINT|\bFailpoint \w+)\("([^"]+)"\)')
SPECIAL = (
    "storage.append.before=short_write",
    "postgres.copy=cut",
    "postgres.commit.sent=cut",
    "postgres.commit.sent=lose",
)
STOP_DEADLINE_S = 5
CATCH_UP_S = 240  # on a machine that has other work too


@dataclasses.dataclass(frozen=True)
class Pace:
    """How many lives a round has, how long one lasts in seconds, how often the tables are judged between two, under what share of the load."""

    lives: tuple = (8, 24)
    lasts: tuple = (0.15, 2.2)
    lasts_armed: float = 4.0  # at most, where a failpoint is to kill it
    judged: float = 0.1
    load: float = 1.0


USUAL = Pace()
HECTIC = Pace(lives=(60, 120), lasts=(0.1, 1.4), lasts_armed=2.0, judged=0.01, load=0.2)


def failpoints():
    """The names of all that are defined in the engine's sources."""
    return sorted({name for path in SOURCES.rglob("*.cc") for name in DEFINED.findall(path.read_text())})


class Storm:
    """One round. Confined to one thread. `servers`: kafka and postgres; `make_daemon`(config, lake): a stopped Daemon."""

    def __init__(self, seed, number, servers, make_daemon, totals, log, pace=USUAL):
        self.seed, self.number, self.servers, self.totals, self.log = seed, number, servers, totals, log
        self._pace = pace
        self._make_daemon = make_daemon
        self._draw = random.Random(f"{seed}/{number}")
        self._points = failpoints()
        self._undo = []  # of faults that last: called before the round goes on
        self._down = set()
        self._pause = threading.Event()
        self.verdict = Verdict(f"round {number}", "round")
        self._armed = ""
        self._hangs = False

    def run(self):
        draw, began = self._draw, time.monotonic()
        self._make_lines()
        self._daemon = self._make_daemon(self._config(), None)
        self._disk = FailingDisk(self._daemon.directory)
        lives = draw.randint(*self._pace.lives)
        kinds = "+".join(line.kind + ("/tx" if line.transactional else "") for line in self._lines)
        self.log(f"round {self.number}: {kinds}, {lives} lives, {self._daemon.config['engine']}")
        try:
            self._daemon.start(env=self._environment())
            for line in self._lines:
                line.begin(self._daemon)
                line.load.start()
            for life in range(lives):
                self._live(life)
            ends = self._stop_loads()
            self._last_life(ends)
        except (
            Exception
        ) as error:  # any of many libraries' own; the round has failed, its seed is what counts
            self.verdict.violation("stuck", f"round {self.number}", f"{type(error).__name__}: {error}"[:2000])
        finally:
            self._undo_all()
            self._daemon.kill()
            for line in self._lines:
                line.load.stop()
        self.totals["seconds"] += round(time.monotonic() - began, 1)
        if self.verdict.ok:
            for line in self._lines:
                line.forget()
        return self.verdict

    # ---- what there is ----------------------------------------------------------------------------------------------

    def _make_lines(self):
        draw = self._draw
        kinds = draw.sample(workload.LINES, draw.randrange(1, 4))
        name = f"r{self.seed % 100_000}_{self.number}"
        self._lines = [
            kind(self.servers.kafka, self.servers.postgres, f"{name}_{kind.kind}", draw, self._pace.load)
            for kind in kinds
        ]
        self._jobs = []
        self._transactional = any(line.transactional for line in self._lines)
        # Whoever takes over begins with an empty state directory: not for queries that remember, nor for jobs.
        self._movable = not any(line.stateful for line in self._lines)
        self._with_jobs = draw.random() < 0.6
        self._movable &= not self._with_jobs

    def _config(self):
        draw = self._draw
        return {
            **self.servers.config(),
            "engine": {
                "threads": draw.choice((1, 2, 4)),
                "memory": draw.choice(("512MiB", "1GiB")),
            },
            "server": {"stop_deadline": f"{STOP_DEADLINE_S}s"},
            "batch_defaults": {"attempts": 100, "max_running": draw.choice((1, 4))},
        }

    # ---- a life -----------------------------------------------------------------------------------------------------

    def _live(self, number):
        draw = self._draw
        if number:
            self._armed, self._hangs = self._draw_failpoints()
            self._daemon.start(self._armed, env=self._environment(), wait=False)
        self.totals["lives"] += 1
        lasts = draw.uniform(*self._pace.lasts) if "=kill" not in self._armed else self._pace.lasts_armed
        faults = self._draw_faults(lasts)
        began = time.monotonic()
        for at, fault in faults:
            if self._gone(began + at - time.monotonic()):
                break
            fault()
        if self._with_jobs and draw.random() < 0.4 and self._daemon.running:
            self._ask_for_job()
        end = draw.choices(("kill", "term", "post", "twice"), (0.78, 0.14, 0.04, 0.04))[0]
        if not self._gone(began + lasts - time.monotonic()):
            self._end(end)
        self._undo_all()
        if draw.random() < self._pace.judged:
            self._check(None, "in between")

    def _gone(self, seconds):
        """Waits so long; True if the daemon ended meanwhile, which only what was armed may have done."""
        try:
            code = self._daemon.wait_exit(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return False
        if code == -signal.SIGKILL and "=kill" in self._armed:
            self.totals["failpoint_kills"] += 1
            self.totals["points"][self._armed.split("=")[0]] += 1
        elif code == 3 and (self._disk.failed or "=error" in self._armed + self._armed.replace("short_write", "error")):
            self.totals["refused_starts"] += 1
        else:
            self._uninvited(code)
        return True

    def _uninvited(self, code):
        self.verdict.violation(
            "died_uninvited",
            f"round {self.number}",
            f"exit code {code}, armed: {self._armed or 'nothing'}; the log ends: {self._daemon.log[-1500:]}",
        )

    def _end(self, how):
        # A thread that a failpoint has frozen cannot stop, so only a kill is due then.
        if how == "kill" or self._hangs:
            self._daemon.kill()
            self.totals["random_kills"] += 1
            return
        self.totals["stops"] += 1
        self._disk.heal()  # what cannot be written is no clean end
        if how == "post":
            try:
                self._daemon.request("POST", "/stop", timeout=5)
            except requests.RequestException:
                self._daemon.signal(signal.SIGTERM)  # it was not there yet, or is about to end
            if self._daemon.running:
                self._daemon.signal(signal.SIGTERM)
        else:
            self._daemon.signal(signal.SIGTERM)
            if how == "twice":
                self._daemon.signal(signal.SIGTERM)
        try:
            code = self._daemon.wait_exit(STOP_DEADLINE_S + 20)
        except subprocess.TimeoutExpired:
            code = "none"
            self._daemon.kill()
        # Told before its handlers are set, a process ends by the signal; nothing was begun then.
        fine = (0, -signal.SIGTERM) if how != "twice" else (0, -signal.SIGTERM, 130, 143, 1)
        if (
            code not in fine
            and not (code == -signal.SIGKILL and "=kill" in self._armed)
            and not (code == 3 and self._armed)
        ):
            self.verdict.violation(
                "stop_failed",
                f"round {self.number}",
                f"{how}: exit code {code}, armed: {self._armed}; the log ends: {self._daemon.log[-1500:]}",
            )

    def _draw_failpoints(self):
        draw = self._draw
        dice = draw.random()
        if dice < 0.5:
            return "", False
        if dice < 0.78:
            return f"{draw.choice(self._points)}=kill@{draw.choice((1, 1, 2, 3, 5, 10, 30))}", False
        if dice < 0.81:
            self.totals["hangs"] += 1
            return f"{draw.choice(self._points)}=hang@{draw.randrange(1, 6)}", True
        armed = []
        for _ in range(draw.randrange(1, 4)):
            deed = draw.choice(("error", "error", "delay", "special"))
            if deed == "special":
                armed.append(f"{draw.choice(SPECIAL)}@{draw.randrange(1, 6)}")
            elif deed == "delay":
                armed.append(
                    f"{draw.choice(self._points)}=delay:{draw.choice((20, 200, 700))}@{draw.randrange(1, 6)}"
                )
            else:
                turn = draw.choice((str(draw.randrange(1, 8)), str(draw.randrange(1, 8)), f"1/{draw.choice((7, 30, 100))}"))
                armed.append(f"{draw.choice(self._points)}=error@{turn}")
        self.totals["errors_armed"] += len(armed)
        return ";".join(armed), False

    # ---- faults -----------------------------------------------------------------------------------------------------

    def _draw_faults(self, lasts):
        draw, faults = self._draw, []
        choices = [
            self._freeze,
            self._pause_postgres,
            self._kill_postgres,
            self._cut_postgres,
            self._lock_postgres,
            self._compact,
            self._cut_line,
            self._kill_line,
            self._slow_line,
            self._fail_disk,
        ]
        weights = [6, 2, 2, 4, 2, 3, 3, 2, 2, 5]
        if not self._transactional:
            choices += [self._pause_broker, self._kill_broker]
            weights += [3, 1]
        if self._movable:
            choices += [self._take_over]
            weights += [2]
        for _ in range(draw.choices((0, 1, 2), (0.6, 0.3, 0.1))[0]):
            faults.append((draw.uniform(0.1, lasts), draw.choices(choices, weights)[0]))
        return sorted(faults, key=lambda pair: pair[0])

    def _count(self, name):
        self.totals["faults"][name] += 1

    def _freeze(self):
        self._count("daemon frozen")
        self._daemon.signal(signal.SIGSTOP)
        self._pause.wait(self._draw.uniform(0.05, 1.5))
        self._daemon.signal(signal.SIGCONT)

    def _take_down(self, name, deed, undo):
        """Once in a life each server: what is down cannot be taken down again."""
        server = name.split()[0]
        if server not in self._down:
            self._down.add(server)
            self._count(name)
            deed()
            self._undo.append(undo)

    def _pause_broker(self):
        self._take_down("broker frozen", self.servers.kafka.pause, self.servers.kafka.resume)

    def _kill_broker(self):
        self._take_down("broker killed", self.servers.kafka.kill, self.servers.kafka.start)

    def _pause_postgres(self):
        self._take_down("PostgreSQL frozen", self.servers.postgres.pause, self.servers.postgres.resume)

    def _kill_postgres(self):
        self._take_down("PostgreSQL killed", self.servers.postgres.kill, self.servers.postgres.start)

    def _a_line(self):
        return self._draw.choice(sorted(self.servers.lines.items()))

    def _cut_line(self):
        name, line = self._a_line()
        self._count(f"line to {name} cut")
        line.cut()

    def _kill_line(self):
        """Whatever is connected hears nothing any more; what connects anew is served."""
        name, line = self._a_line()
        self._count(f"line to {name} dead")
        line.forget()

    def _slow_line(self):
        name, line = self._a_line()
        self._count(f"line to {name} slow")
        line.delay = self._draw.choice((0.005, 0.05))

    def _fail_disk(self):
        """One call, or some in a row, or all from there on, of those that make, write, name or sync files."""
        draw = self._draw
        place, passes, times = draw.choice(("lake", "state")), draw.randrange(100), draw.choice((1, 1, 2, 3, 1000))
        error = draw.choice((errno.EIO, errno.ENOSPC))
        if LIBRARY.exists():  # a program that is not of this tree's build has none beside it
            self._count(f"disk of the {place} failing")
            self._disk.fail(error, getattr(self._daemon, place), passes, times)
            self._undo.append(self._disk.heal)

    def _environment(self):
        return self._disk.environment if LIBRARY.exists() else None

    def _reachable(self):
        return not self._undo

    def _cut_postgres(self):
        if self._reachable():
            self._count("connections cut")
            self.servers.postgres.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'laketide/%%'"
            )

    def _lock_postgres(self):
        tables = [line.pg_table for line in self._lines if line.pg_table]
        if not tables or not self._reachable():
            return
        connection = self.servers.postgres.connect()
        connection.autocommit = False
        table = self._draw.choice(tables)
        if connection.execute("SELECT to_regclass(%s)", (table,)).fetchone()[0] is None:
            connection.close()
            return
        connection.execute("SET lock_timeout = '2s'")
        try:
            connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            self._count("table locked")
        except Exception:  # the daemon held it all the while
            connection.close()
            return
        self._undo.append(connection.close)

    def _compact(self):
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        line = self._draw.choice(self._lines)
        for path in line.compactable(self._daemon.lake):
            if not (path / "_delta_log" / f"{1:020}.json").exists():
                continue
            line.foreign += 1
            self._count("compacted by delta-rs")
            try:
                DeltaTable(str(path)).optimize.compact()
            except DeltaError:
                self._count("compaction lost the race")

    def _take_over(self):
        """Another daemon takes the pipelines while this one is frozen; thawed, this one must find itself fenced."""
        if not self._reachable() or not self._daemon.running:
            return
        # Frozen before it owns the sinks it would claim them when it thaws, and the younger one be the one that is fenced.
        if any((self._daemon.stream(line.name) or {}).get("state") != "RUNNING" for line in self._lines):
            return
        self._count("taken over")
        self._disk.heal()
        older = self._daemon
        older.signal(signal.SIGSTOP)
        self._daemon = self._make_daemon(older.config, older.lake)
        self._armed, armed = "", self._armed
        try:
            self._daemon.start(env=self._environment())
            for line in self._lines:
                line.begin(self._daemon)
            self._pause.wait(self._draw.uniform(0.0, 1.0))
            older.signal(signal.SIGCONT)
            self._pause.wait(self._draw.uniform(0.2, 1.5))
        finally:
            older.kill()
        self.log(f"round {self.number}: taken over (armed before: {armed})")

    def _undo_all(self):
        while self._undo:
            self._undo.pop()()
        self._down.clear()
        for line in self.servers.lines.values():
            line.delay = 0.0

    # ---- jobs -------------------------------------------------------------------------------------------------------

    def _ask_for_job(self):
        line = self._draw.choice(self._lines)
        # A job reads what is committed, and the broker has acknowledged more than that.
        upto = min(line.load.acknowledged().values(), default=0) - 2 * line.feed.layout.size
        if upto < 10 or self._undo:
            return
        job = workload.Job(line, len(self._jobs), self._draw.randrange(1, upto))
        self._jobs.append(job)
        self.totals["jobs"] += 1
        job.submit(self._daemon)

    # ---- the end ----------------------------------------------------------------------------------------------------

    def _stop_loads(self):
        ends = {line.name: line.load.stop() for line in self._lines}
        self.totals["records"] += sum(sum(one.values()) for one in ends.values())
        return ends

    def _last_life(self, ends):
        self._armed = ""
        daemon = self._daemon.start()
        began = time.monotonic()
        for line in self._lines:
            self._wait(
                lambda line=line: self._settled(line, ends[line.name]),
                f"{line.name} to catch up with {ends[line.name]}",
            )
        self.totals["slowest_recovery_s"] = max(
            self.totals["slowest_recovery_s"], round(time.monotonic() - began, 1)
        )
        documents = [
            self._wait(lambda job=job: job.ended(daemon), f"{job.name} to end") for job in self._jobs
        ]
        self._daemon.signal(signal.SIGTERM)
        code = self._daemon.wait_exit(STOP_DEADLINE_S + 20)
        if code != 0:
            self._uninvited(code)
        self._check(ends, "at the end")
        for job, document in zip(self._jobs, documents):
            self._take(job.verdict(daemon.lake, document), "at the end")

    def _settled(self, line, ends):
        stream = self._daemon.stream(line.name)
        if stream and stream["state"] in ("FAILED", "FENCED", "STOPPED", "FINISHED"):
            raise AssertionError(f"{line.name} is {stream['state']}: {stream.get('error')}")
        return line.caught_up(self._daemon.lake, ends)

    def _wait(self, condition, what):
        deadline = time.monotonic() + CATCH_UP_S
        while not (value := condition()):
            if not self._daemon.running:
                raise AssertionError(
                    f"the daemon ended ({self._daemon.process.returncode}) while waiting for {what}: {self._daemon.log[-1500:]}"
                )
            if time.monotonic() > deadline:
                there = {line.name: line.progress(self._daemon.lake) for line in self._lines}
                raise AssertionError(
                    f"{what}: not within {CATCH_UP_S} s; progress {there}; the log ends: {self._daemon.log[-1500:]}"
                )
            self._pause.wait(0.2)
        return value

    def _check(self, ends, when):
        for line in self._lines:
            if not (self._daemon.lake / line.delta_path / "_delta_log").exists():
                continue
            if ends is None and line.pg_table and line.stateful:
                continue  # its tables appear one after the other
            self._take(line.verdict(self._daemon.lake, ends and ends[line.name]), f"{line.name} {when}")

    def _take(self, verdict, when):
        self.totals["checks"] += 1
        for name, number in verdict.counts.items():
            if name.split(".")[-1] in ("rows", "versions", "epochs", "groups_compared"):
                self.totals["checked"][name.split(".")[-1]] += number
        for violation in verdict.violations:
            self.verdict.violations.append(dict(violation, where=f"{when}: {violation['where']}"))
