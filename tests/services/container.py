"""The image of docker/Dockerfile, built without a daemon, and containers of it: enough of a container engine for tests.

The base image cannot be pulled everywhere; in its place stands a tree that debian.sh makes of the same packages. The build stage is
the quick start's own steps, which other tests run; here its product, the Debian package, comes from the build under test. All else is
done as the Dockerfile says. Takes root.
"""
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

from daemon import Daemon, free_port
from servers import own_directory

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]

# What a container engine does with a read-only root: its own mounts and processes, /proc, a bare /dev, and a volume that can be written.
ENTER = """
set -e
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount -t tmpfs -o size=64k,mode=755 dev "$1/dev"
for device in null zero random urandom; do touch "$1/dev/$device"; mount --bind "/dev/$device" "$1/dev/$device"; done
mount -o remount,ro "$1/dev"
mount --bind "$2" "$1$3"
mount -o remount,bind,ro "$1"
user=$4 root=$1 directory=$5
shift 5
cd "$root"
exec chroot --userspec="$user" "$root" /usr/bin/env --chdir="$directory" /usr/bin/setpriv --no-new-privs "$@"
"""


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=600, **options)
    assert done.returncode == 0, (command, done.stdout[-4000:], done.stderr[-4000:])
    return done.stdout


def unable():
    """Why no container can be made here; empty if one can."""
    if os.geteuid() != 0:
        return "building and running an image takes root here"
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False).returncode != 0:
        return "this machine allows no mount namespaces"
    return ""


class Image:
    """Built once; `root` is its file system, mounted. Caller synchronises."""

    def __init__(self, package):
        """`package`: folder with laketide.deb, as the build stage leaves it."""
        self.directory = own_directory("image")
        # Where overlays cannot be mounted, each layer is a copy.
        for driver in ("overlay", "vfs"):
            self._buildah_words = ["buildah", "--root", self.directory / driver, "--runroot", self.directory / "run", "--storage-driver", driver]
            if subprocess.run([*self._buildah_words, "info"], capture_output=True, check=False).returncode == 0:
                break
        context = self.directory / "build-stage"
        context.mkdir()
        shutil.copytree(package, context / "package")
        base = self._buildah("from", "scratch").strip()
        self._buildah("add", "--quiet", base, run("bash", HERE / "debian.sh", "slim").strip(), "/")
        self._buildah("commit", "--quiet", "--rm", base, "docker.io/library/debian:12-slim")
        self.base_bytes = self._bytes("docker.io/library/debian:12-slim")
        self.build_log = self._buildah("build", "--isolation", "chroot", "--format", "docker", "--pull-never", "--build-context", f"build={context}",
                                       "--file", REPO / "docker/Dockerfile", "--tag", "laketide:test", REPO)
        self.bytes = self._bytes("laketide:test")
        self.config = json.loads(self._buildah("inspect", "--type", "image", "laketide:test"))["Docker"]["config"]
        self.root = Path(self._buildah("mount", self._buildah("from", "--pull-never", "laketide:test").strip()).strip())

    def close(self):
        self._buildah("umount", "--all")
        self._buildah("rm", "--all")
        shutil.rmtree(self.directory)

    def _buildah(self, *words):
        return run(*self._buildah_words, *words)

    def _bytes(self, name):
        size = json.loads(self._buildah("images", "--json", name))[0]["size"]
        number, unit = size.split()
        return float(number) * {"KB": 1e3, "MB": 1e6, "GB": 1e9}[unit]


class Container(Daemon):
    """A container of an image: the daemon as pid 1 of its own processes, as the image's user, with the root read-only. `config` goes in by
    the environment. Its state and tables are in `volume`, which outlives it. Caller synchronises."""

    def __init__(self, image, **environment):
        self.image = image
        super().__init__()
        self.volume = self.directory / "volume"
        self.volume.mkdir(mode=0o700)
        os.chown(self.volume, *map(int, image.config["User"].split(":")))
        self.lake, self.state = self.volume / "lake", self.volume / "state"
        self.probe_port = free_port()
        own = {"LAKETIDE_SERVER__LISTEN": f"127.0.0.1:{self.port}", "LAKETIDE_SERVER__PROBE_LISTEN": f"127.0.0.1:{self.probe_port}"}
        inside = dict(variable.split("=", 1) for variable in image.config["Env"])
        self.environment = {**inside, **own, **environment}

    def start(self, wait=True, seconds=30, arguments=None):
        assert not self.running, "runs already"
        [volume] = self.image.config["Volumes"]
        command = [*self.image.config["Entrypoint"], *(self.image.config["Cmd"] if arguments is None else arguments)]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "enter", str(self.image.root),
                                             str(self.volume), volume, self.image.config["User"], self.image.config["WorkingDir"], *command],
                                            env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            self._until(self.ready, "/ready to answer 200", seconds)
        return self

    @property
    def pid(self):
        """Of the daemon, as seen from outside."""
        return int(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0])

    def kill(self):
        """The daemon first: what holds its place ends when it is gone."""
        was = self.running
        if was:
            os.kill(self.pid, signal.SIGKILL)
            self.process.wait()
        return was

    def terminate(self, seconds=30):
        """As a container engine stops it: the image's signal to its first process."""
        os.kill(self.pid, signal.Signals[self.image.config["StopSignal"]])
        return self.wait_exit(seconds)

    def execute(self, *command, **more):
        """(exit code, output) of another process in it, as `docker exec` does it and as health checks are done."""
        user, group = self.image.config["User"].split(":")
        done = subprocess.run(["nsenter", f"--target={self.pid}", "--mount", "--pid", "--root", f"--wdns={self.image.config['WorkingDir']}", f"--setuid={user}",
                               f"--setgid={group}", "--", *command], env={**self.environment, **more}, capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, done.stdout + done.stderr

    def health_check(self):
        """(exit code, output) of the image's HEALTHCHECK."""
        kind, *command = self.image.config["Healthcheck"]["Test"]
        assert kind == "CMD", "a shell in between"
        return self.execute(*command)
