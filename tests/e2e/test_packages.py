"""What cpack makes: the tarball, which runs wherever it is unpacked, and what the Debian package brings (installed: test_container.py)."""
import difflib
import os
import shutil
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from container import run
from daemon import Daemon, binary
from servers import own_directory

REPO = Path(os.environ["LAKETIDE_SOURCE_DIR"])
BUILD = Path(binary()).resolve().parent


@pytest.fixture(scope="module")
def packages():
    directory = own_directory("packages")
    run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", directory)
    yield directory
    shutil.rmtree(directory)


def only(folder, pattern):
    [found] = folder.glob(pattern)
    return found


class Installed(Daemon):
    """A daemon of another program than the build's, in its own tree, as its README starts it. Caller synchronises."""

    def __init__(self, program, cwd, *arguments):
        super().__init__()
        self.program, self.cwd, self.arguments = program, cwd, arguments

    def start(self, **_):
        settings = {"PATH": os.environ["PATH"], "LAKETIDE_SERVER__LISTEN": f"127.0.0.1:{self.port}"}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.program, "serve", *self.arguments], cwd=self.cwd, env=settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._until(self.ready, "/ready to answer 200", 20)
        return self


def test_the_tarball_runs_where_it_is_unpacked(packages, tmp_path):
    archive = only(packages, "laketide-*-linux-*.tar.gz")
    with tarfile.open(archive) as tar:
        assert {name.split("/")[0] for name in tar.getnames()} == {archive.name.removesuffix(".tar.gz")}, "all in one folder"
        tar.extractall(tmp_path, filter="data")
    tree = only(tmp_path, "laketide-*")
    run("cmake", "--install", BUILD, "--prefix", tmp_path / "installed")
    def files(top):
        return {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}
    assert files(tree) == files(tmp_path / "installed"), "the same tree as cmake --install makes"
    assert (tree / "lib/systemd/system/laketide.service").read_bytes() == (REPO / "conf/systemd/laketide.service").read_bytes()
    with Installed("bin/laketide", tree) as daemon:
        assert Path(f"/proc/{daemon.process.pid}/exe").resolve() == tree / "bin/laketide"
        assert daemon.get("/pipelines")["pipelines"][0]["name"] == "example-readings", "conf/laketide.yaml is read"
        assert daemon.terminate() == 0
    assert (tree / "data/state").is_dir()


def test_the_debian_package_brings_a_service_and_starts_nothing(packages, tmp_path):
    package = only(packages, "laketide_*.deb")
    run("dpkg-deb", "-R", package, tmp_path)
    fields = dict(line.split(": ", 1) for line in (tmp_path / "DEBIAN/control").read_text().splitlines() if line[:1].strip())
    assert fields["Package"] == "laketide" and fields["Architecture"] == run("dpkg", "--print-architecture").strip()
    needed = {word.split()[0] for word in fields["Depends"].split(", ")}
    assert {"libc6", "libstdc++6", "librdkafka1", "libpq5", "libsqlite3-0"} <= needed and not any("arrow" in name for name in needed), needed
    assert (tmp_path / "DEBIAN/conffiles").read_text().split() == ["/etc/laketide/laketide.yaml"]
    scripts = [(tmp_path / "DEBIAN" / name) for name in ("postinst", "prerm", "postrm")]
    for script in scripts:
        assert stat.S_IMODE(script.stat().st_mode) == 0o755
        subprocess.run(["sh", "-n", script], check=True)
        assert not {"start", "restart", "enable"} & set(script.read_text().split()), "what is started is the administrator's business"
    program = tmp_path / "usr/bin/laketide"
    assert run("readelf", "-S", program).count(".debug_") == 0
    assert not any(path.name.endswith((".h", ".a", ".cmake")) for path in tmp_path.rglob("*"))
    for path in tmp_path.rglob("*"):
        owner = path.stat()
        assert stat.S_IMODE(owner.st_mode) & 0o022 == 0 and (owner.st_uid, owner.st_gid) == (0, 0) or os.geteuid() != 0, path


def test_its_service_file_is_the_shipped_one_with_the_systems_paths(packages, tmp_path):
    run("dpkg-deb", "-x", only(packages, "laketide_*.deb"), tmp_path)
    file = tmp_path / "etc/laketide/laketide.yaml"
    shipped = (REPO / "conf/laketide.yaml").read_text().splitlines()
    changed = [line[2:].split("#")[0].split()[-1] for line in difflib.ndiff(shipped, file.read_text().splitlines()) if line.startswith("+ ")]
    assert changed == ["/var/lib/laketide/state", "/var/lib/laketide/lake", "/etc/laketide/pipelines/*.yaml"]
    assert (tmp_path / "etc/laketide/pipelines").is_dir()
    unit = (tmp_path / "usr/lib/systemd/system/laketide.service").read_text()
    assert "ExecStart=/usr/bin/laketide serve --config /etc/laketide/laketide.yaml\n" in unit and "StateDirectory=laketide\n" in unit
    program = tmp_path / "usr/bin/laketide"
    run(program, "check", file)
    with Installed(program, tmp_path, "--config", str(file), "--set", f"state.dir={tmp_path}/state", "--set", f"lake.root={tmp_path}/lake") as daemon:
        assert run(program, "probe", "--config", file, "--set", f"server.listen=127.0.0.1:{daemon.port}") == f"{daemon.url}: ok\n"
        assert daemon.terminate() == 0
