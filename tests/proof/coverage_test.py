"""A table that is judged at once may hold any number of records; what is far beyond its progress is nonsense all the same."""

import numpy as np
from checker import make_promise
from coverage import FAR, Coverage
from verdict import Verdict

ROWS = FAR + 200_000
PART = (0, 0)


def judged(indexes, progress):
    promise, verdict = make_promise(1, 1, "events", "postgres:public.t"), Verdict("t")
    coverage = Coverage(promise, lambda feed, partition, all_of_them: np.ones(len(all_of_them), dtype=bool), progress)
    coverage.add(PART, indexes)
    coverage.settle("rows", progress, verdict)
    return [violation["kind"] for violation in verdict.violations]


def test_a_table_of_more_rows_than_would_be_far_is_good():
    assert judged(np.arange(ROWS), {PART: ROWS}) == []


def test_a_row_that_is_lost_among_them_is_told():
    assert judged(np.delete(np.arange(ROWS), ROWS - 7), {PART: ROWS}) == ["lost"]


def test_a_row_far_beyond_them_is_told():
    assert judged(np.append(np.arange(ROWS), 3 * ROWS), {PART: ROWS}) == ["unexpected"]
