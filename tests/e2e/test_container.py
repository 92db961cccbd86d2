"""The image of docker/Dockerfile: what is in it, and a stream through containers of it."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from container import Container, Image, run, unable
from daemon import binary
from proven import Proven, two_sinks
from servers import own_directory

REPO = Path(os.environ["LAKETIDE_SOURCE_DIR"])
BUILD = Path(binary()).resolve().parent
HADOLINT = Path(sys.executable).parent / "hadolint"


def test_the_dockerfile_is_clean(tmp_path):
    assert run(HADOLINT, REPO / "docker/Dockerfile") == ""
    wrong = tmp_path / "Dockerfile"
    wrong.write_text((REPO / "docker/Dockerfile").read_text().replace("--yes", "").replace("USER 10001:10001", "USER root"))
    said = subprocess.run([HADOLINT, wrong], capture_output=True, text=True, check=False).stdout
    assert {"DL3014", "DL3002"} <= set(re.findall(r"DL\d+", said)), "it would say so"


@pytest.fixture(scope="module")
def image():
    if reason := unable():
        pytest.skip(reason)
    directory = own_directory("package")
    run("cpack", "--config", BUILD / "CPackConfig.cmake", "-G", "DEB", "-B", directory / "cpack")
    [package] = (directory / "cpack").glob("laketide_*.deb")
    (directory / "package").mkdir()
    package.rename(directory / "package/laketide.deb")
    made = Image(directory / "package")
    yield made
    made.close()
    shutil.rmtree(directory)


def test_what_is_in_the_image(image):
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", image.config["User"]), "a number, so that Kubernetes can see that it is not root's"
    assert image.config["Entrypoint"] == ["laketide"] and image.config["Cmd"] == ["serve"]
    assert sorted(image.config["ExposedPorts"]) == ["8080/tcp", "8081/tcp"]
    assert image.bytes - image.base_bytes < 150e6, (image.bytes, image.base_bytes)
    for path in ("usr/bin/laketide", "etc/laketide/laketide.yaml", "usr/share/doc/laketide/LICENSE", "usr/share/doc/laketide/arrow/NOTICE.txt"):
        assert (image.root / path).is_file(), path
    for path in ("usr/bin/gcc", "usr/include/laketide", "usr/bin/python3", "usr/bin/curl", "laketide", "package"):
        assert not (image.root / path).exists(), path
    volume = (image.root / "var/lib/laketide").stat()
    assert f"{volume.st_uid}:{volume.st_gid}" == image.config["User"] and volume.st_mode & 0o777 == 0o700
    installed = run("dpkg-query", f"--admindir={image.root}/var/lib/dpkg", "-W", "-f", "${db:Status-Abbrev}|${Package}\n").splitlines()
    assert "ii |laketide" in installed and all(line.startswith("ii ") for line in installed), "all it depends on is configured"


def test_a_container_runs_as_nobody_in_particular_and_writes_only_to_its_volume(image):
    with Container(image) as container:
        status = Path(f"/proc/{container.pid}/status").read_text()
        user, group = image.config["User"].split(":")
        assert re.search(r"^Uid:\t(.*)$", status, re.MULTILINE)[1].split() == [user] * 4
        assert re.search(r"^Gid:\t(.*)$", status, re.MULTILINE)[1].split() == [group] * 4
        assert re.search(r"^NSpid:\t(.*)$", status, re.MULTILINE)[1].split()[-1] == "1"
        assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE) and re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
        for place in ("/tmp", "/var/tmp", "/etc/laketide", "/usr/bin", "/dev"):
            code, said = container.execute("touch", f"{place}/written")
            assert code != 0 and "Read-only file system" in said, (place, said)
        assert container.health_check() == (0, f"http://127.0.0.1:{container.probe_port}: ok\n")
        code, said = container.execute("laketide", "probe", LAKETIDE_SERVER__PROBE_LISTEN="127.0.0.1:1")
        assert code == 4, said
        assert container.execute("laketide", "probe", "--ready")[0] == 0
        container.execute("sh", "-c", "kill -HUP 1")
        container.wait_for(lambda: "the files were read again" in container.log, "SIGHUP to be heard by pid 1")
        assert container.terminate() == 0
        assert "stopped; everything read is committed" in container.log
        assert [entry.name for entry in container.volume.iterdir()] == ["state"]


def test_a_stream_outlives_its_containers(image, kafka, postgres):
    stream = Proven(kafka, "shipped", document=two_sinks("shipped"), postgres=(postgres, "public.shipped"))
    stream.produce(1500)
    with Container(image, LAKETIDE_KAFKA__BROKERS=kafka.address, LAKETIDE_POSTGRES__URL=postgres.url, LAKETIDE_STREAM_DEFAULTS__EPOCH="200ms") as container:
        stream.begin(container)
        stream.wait_caught_up(container)
        assert container.terminate() == 0
        container.start()
        stream.produce(2500)
        stream.wait_caught_up(container)
        container.kill()
        container.start()
        stream.produce(3000)
        stream.wait_caught_up(container)
        assert container.terminate() == 0
        stream.assert_exact(container)
