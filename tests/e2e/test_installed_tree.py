"""What `cmake --install` makes: a tree that works wherever it is moved, and that other programs can build against."""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from daemon import binary
from servers import own_directory

REPO = Path(os.environ["LAKETIDE_SOURCE_DIR"])
BUILD = Path(binary()).resolve().parent

CMAKE_LISTS = """\
cmake_minimum_required(VERSION 3.25)
project(tiny LANGUAGES CXX)
find_package(laketide 0.1 REQUIRED)
add_executable(tiny tiny.cc)
target_link_libraries(tiny PRIVATE laketide::laketide)
"""

TINY = """\
#include <iostream>

#include <laketide/engine.h>
#include <laketide/status.h>
#include <laketide/version.h>

int main() {
  const laketide::Result<int> none = laketide::Status::external("tide_out", "come back later").in("harbour");
  std::cout << laketide::version() << ' ' << laketide::commit() << ' ' << to_string(laketide::StreamState::kDraining) << ' ' << none.status().to_string() << '\\n';
}
"""


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=300, **options)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def tree():
    """The installed tree, after it was moved; where it was installed is gone."""
    directory = own_directory("installed")
    run("cmake", "--install", BUILD, "--prefix", directory / "before")
    (directory / "before").rename(directory / "after")
    yield directory / "after"
    shutil.rmtree(directory)


def plain(tree):
    """An environment that knows nothing of the source tree, and the tree as current directory."""
    return {"cwd": tree, "env": {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}}


def test_the_moved_program_runs_with_its_own_libraries(tree):
    version = json.loads(run("bin/laketide", "version", "-o", "json", **plain(tree)))
    assert version == json.loads(run(binary(), "version", "-o", "json"))
    loaded = dict(re.findall(r"(\S+) => (\S+)", run("ldd", "bin/laketide", **plain(tree))))
    for name in ("libarrow.so", "libarrow_compute.so", "libparquet.so"):
        [path] = [path for library, path in loaded.items() if library.startswith(name)]
        assert Path(path).resolve().parent == tree / "lib/laketide", path
    assert re.findall(r"R(?:UN)?PATH.*\[(.*)\]", run("readelf", "-d", tree / "bin/laketide")) == ["$ORIGIN/../lib/laketide"]


def test_what_it_takes_from_debian_is_written_down(tree):
    named = set(re.findall(r"lib[a-z0-9.+-]+", re.search(r"apt-get install.*?```", (tree / "share/doc/laketide/README.md").read_text(), re.DOTALL)[0]))
    libraries = re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", tree / "bin/laketide"))
    outside = [name for name in libraries if not (tree / "lib/laketide" / name).exists()]
    # By the folder that the loader takes it from: the same name may lie in others, as that of another architecture.
    folders = dict(re.findall(r"(\S+) => \S*/([^/\s]+)/[^/\s]+ \(", run("ldd", tree / "bin/laketide")))
    owners = {run("dpkg", "-S", f"*/{folders[name]}/{name}").splitlines()[0].split(":")[0] for name in outside}
    assert named == owners - {"libc6", "libgcc-s1"}, "the C library is everywhere"


def test_the_shipped_files_are_right(tree):
    said = run("bin/laketide", "check", "conf/laketide.yaml", **plain(tree))
    assert "pipeline example-readings" in said
    for file in ("conf/laketide.yaml", "conf/pipelines/example.yaml"):
        assert (tree / file).read_bytes() == (REPO / file).read_bytes()
    assert "Apache License" in (tree / "share/doc/laketide/LICENSE").read_text()
    assert "Apache Arrow" in (tree / "share/doc/laketide/arrow/NOTICE.txt").read_text()
    headers = {file.name: file.read_text() for file in (REPO / "include/laketide").iterdir()}
    assert {file.name: file.read_text() for file in (tree / "include/laketide").iterdir()} == headers
    # What finds its way by an absolute path would break when the tree is moved to a machine without this one's folders.
    for file in (tree / "lib/cmake/laketide").iterdir():
        assert str(REPO) not in file.read_text() and "/before" not in file.read_text(), file


def test_a_program_builds_against_it(tree, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(CMAKE_LISTS)
    (tmp_path / "tiny.cc").write_text(TINY)
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={tree}", "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror")
    run("cmake", "--build", tmp_path / "build")
    version = json.loads(run("bin/laketide", "version", "-o", "json", **plain(tree)))
    said = run(tmp_path / "build/tiny", cwd="/")
    assert said == f"{version['version']} {version['commit']} DRAINING tide_out: harbour: come back later\n"
