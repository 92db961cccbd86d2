"""Makes tests/services importable, and the servers that one file's tests share."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "services"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "proof"))

from servers import KafkaBroker, PostgresServer  # noqa: E402


@pytest.fixture(scope="module")
def kafka():
    with KafkaBroker() as broker:
        yield broker


@pytest.fixture(scope="module")
def postgres():
    with PostgresServer() as server:
        yield server
