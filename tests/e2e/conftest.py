"""Makes tests/services importable, and the servers that one file's tests share."""
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "services"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "proof"))

import servers  # noqa: E402
from servers import KafkaBroker, PostgresServer  # noqa: E402


def pytest_sessionfinish(session, exitstatus):
    """What failed can be looked at; what passed leaves nothing."""
    if exitstatus == pytest.ExitCode.OK:
        for directory in servers.MADE:
            shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def kafka():
    with KafkaBroker() as broker:
        yield broker


@pytest.fixture(scope="module")
def postgres():
    with PostgresServer() as server:
        yield server
