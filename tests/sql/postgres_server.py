"""A PostgreSQL server of our own for one test: its own directory, a socket in it and no network."""
import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time

BINARIES = os.environ.get("LAKETIDE_POSTGRES_BIN", "/usr/lib/postgresql/15/bin")
USER = "nobody"  # PostgreSQL refuses to run as root


class PostgresServer:
    """Started on entry, stopped and removed on exit."""

    def __enter__(self):
        self.root = tempfile.mkdtemp(prefix="laketide-judge-")
        self.data = os.path.join(self.root, "data")
        if os.geteuid() == 0:
            os.chown(self.root, pwd.getpwnam(USER).pw_uid, -1)
        self._run("initdb", "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        with open(os.path.join(self.root, "log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                self._as_user("postgres", "-D", self.data, "-k", self.root, "-c", "listen_addresses=", "-c", "fsync=off",
                              "-c", "TimeZone=UTC", "-c", "datestyle=ISO"), stdout=log, stderr=log, cwd=self.root)
        deadline = time.monotonic() + 30
        while subprocess.run(self._tool("pg_isready"), capture_output=True, check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(os.path.join(self.root, "log"), encoding="utf-8") as log:
                    raise RuntimeError("PostgreSQL did not start: " + log.read())
            try:
                self.process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                pass
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    def run(self, script):
        """Executes SQL; gives what it prints."""
        done = subprocess.run([*self._tool("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", "postgres"], input=script,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def json(self, query):
        """The one JSON value that a query gives."""
        return json.loads(self.run(query))

    def _tool(self, name):
        return [os.path.join(BINARIES, name), "-h", self.root, "-U", USER]

    def _as_user(self, name, *args):
        command = [os.path.join(BINARIES, name), *args]
        if os.geteuid() != 0:
            return command
        return ["setpriv", f"--reuid={USER}", "--regid=nogroup", "--clear-groups", *command]

    def _run(self, name, *args):
        subprocess.run(self._as_user(name, *args), check=True, capture_output=True, cwd=self.root)
