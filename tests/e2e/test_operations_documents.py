"""What conf/systemd/README.md and docker/README.md tell people to type exists, and so does what they name."""
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from daemon import binary

REPO = Path(os.environ["LAKETIDE_SOURCE_DIR"])
DOCUMENTS = ["conf/systemd/README.md", "docker/README.md"]


def text(document):
    return (REPO / document).read_text()


def laketide(*arguments, **env):
    return subprocess.run([binary(), *arguments], cwd=REPO, env={"PATH": os.environ["PATH"], **env}, capture_output=True, text=True, timeout=30, check=False)


def commands(document):
    """The laketide commands in it, as typed: of blocks of shell, and in backquotes."""
    lines = [line.split("#")[0] for block in re.findall(r"```sh\n(.*?)```", text(document), re.DOTALL) for line in block.replace("\\\n", " ").splitlines()]
    words = [match for line in lines for match in re.findall(r"(?:^|(?<=-- )|(?<=exec laketide ))laketide ((?:check|probe|status|serve)\b[^|;&]*)", line)]
    return words + re.findall(r"`laketide ((?:check|probe|status|serve)[^`]*)`", text(document))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_commands_are_understood(document):
    found = commands(document)
    assert found
    for command in found:
        name, *arguments = command.split()
        help_text = laketide(name, "--help")
        assert help_text.returncode == 0, command
        for option in (word for word in arguments if word.startswith("-")):
            assert option in help_text.stdout, command


def test_the_settings_are_settings():
    variables = dict(re.findall(r"--env (LAKETIDE_\w+)=(\S+)", text("docker/README.md")))
    assert {"LAKETIDE_SERVER__LISTEN", "LAKETIDE_SERVER__TOKEN_FILE", "LAKETIDE_KAFKA__BROKERS"} <= variables.keys()
    variables.pop("LAKETIDE_SERVER__TOKEN_FILE")  # a file of the container
    fits = {**variables, "LAKETIDE_SERVER__ALLOW_UNAUTHENTICATED": "true"}
    assert laketide("probe", **fits).returncode == 4, "understood, and nobody there"
    wrong = laketide("probe", **fits, LAKETIDE_SERVER__LISTENS="0.0.0.0:8080")
    assert wrong.returncode == 3 and "LAKETIDE_SERVER__LISTENS" in wrong.stdout + wrong.stderr, "it would say so"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_files_and_numbers_are_those_of_the_tree(document):
    said = text(document)
    version = re.search(r"project\(laketide VERSION ([\d.]+)", (REPO / "CMakeLists.txt").read_text())[1]
    assert set(re.findall(r"laketide[_:](\d[\d.]*\d)", said)) == {version}
    unit = (REPO / "conf/systemd/laketide.service").read_text()
    for name, value in re.findall(r"`(\w+Sec)=` \((\d+) s\)", said):
        assert f"\n{name}={value}s\n" in unit, name
    stateful = yaml.safe_load((REPO / "docker/k8s/statefulset.yaml").read_text())
    assert set(re.findall(r"--stop-timeout (\d+)", said)) <= {str(stateful["spec"]["template"]["spec"]["terminationGracePeriodSeconds"])}
    assert set(re.findall(r"user (\d{5})|to\s+(\d{5})", said)) <= {("10001", ""), ("", "10001")}
    for path in re.findall(r"(?<![\w/])(?:docker|conf|tests)/[\w./-]+", said):
        assert (REPO / path).exists(), path
    # What the drop-in sets, systemd knows.
    for block in re.findall(r"```ini\n\[Service\]\n(.*?)```", said, re.DOTALL):
        file = Path("/tmp") / f"laketide-drop-in-{os.getpid()}.service"
        file.write_text("[Service]\nExecStart=/bin/true\n" + block)
        try:
            verified = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, check=False)
            assert (verified.stdout, verified.stderr) == ("", ""), block
        finally:
            file.unlink()


def named_tests(words):
    """(file, test) of each test that a cell of a table names: end to end `<file>: test_…`, in C++ `tests/<room>/<file>.cc: Name`; folders are looked at here."""
    file, found = None, []
    for told in re.findall(r"`([^`]+)`", words):
        if told.startswith("tests/") and ": " not in told:
            assert (REPO / told).is_dir(), told
            continue
        if ": " in told:
            file, told = told.split(": ")
        found.append((file, told))
    return found


def assert_there(row, words):
    tests = named_tests(words)
    assert tests, row
    for file, test in tests:
        if file.endswith(".cc"):
            assert re.search(rf"^TEST(_F|_P)?\(\w+, {test}\)", (REPO / file).read_text(), re.MULTILINE), (row, file, test)
        else:
            assert re.search(rf"^def {test}\(", (REPO / f"tests/e2e/test_{file}.py").read_text(), re.MULTILINE), (row, file, test)


def test_each_guarantee_names_a_test_that_is_there():
    rows = re.findall(r"^\| (?!What holds)(.*?) \| (.*?) \|$", text("conf/guarantees.md"), re.MULTILINE)
    named = [(row, words) for row, words in rows if not row.startswith("-")]
    assert len(named) >= 20
    for row, words in named:
        assert_there(row, words)


def test_each_item_of_owasp_names_a_test_that_is_there():
    rows = re.findall(r"^\| (API\d+) .*? \| (.*?) \| (.*?) \|$", text("conf/security.md"), re.MULTILINE)
    assert [item for item, _, _ in rows] == [f"API{number}" for number in range(1, 11)]
    for item, stand, words in rows:
        assert stand, item
        assert_there(item, words)
