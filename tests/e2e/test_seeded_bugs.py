"""The proof is proved: deliberate mistakes in the engine are all found by the checker, and a right engine is not accused."""
import pytest
from campaign import make_daemon
from seeded_bugs import BUGS, expose


@pytest.mark.parametrize("name", BUGS)
def test_the_proof_finds(name, kafka, postgres):
    bug = BUGS[name]
    found = expose(bug, kafka, postgres, "bug_" + name.replace(" ", "_").replace(",", ""), make_daemon)
    for kind in bug.found_as:
        assert found & (kind if isinstance(kind, set) else {kind}), f"{bug.what}: {kind} is due, found {sorted(found)}"


def test_the_proof_accuses_no_one_else(kafka, postgres):
    assert expose(None, kafka, postgres, "blameless", make_daemon) == set()
