"""Fixtures: built once, copied for each test, damaged by it."""

import pytest

from world import World, copy_of


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp("built")
    World(root / "flat").build()
    World(root / "partitioned", ["source"]).build()
    receipts = World(root / "receipts").build().receipts
    return root, receipts


@pytest.fixture
def world(built, tmp_path):
    return copy_of(built, "flat", tmp_path)


@pytest.fixture
def partitioned(built, tmp_path):
    return copy_of(built, "partitioned", tmp_path)
