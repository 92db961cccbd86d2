"""The short run of the proof: one round of random faults with a fixed seed. tests/proof/run.sh does the same for hours."""
import time

from campaign import run_rounds
from storm import Pace

SEED = 20261121
ROUND = 0
PACE = Pace(lives=(12, 14), lasts=(0.1, 1.5), lasts_armed=2.0, judged=0.1)


def test_a_round_of_random_faults_violates_nothing():
    totals, failed = run_rounds(SEED, [ROUND], time.monotonic(), print, PACE)
    print(totals)
    assert failed == [], failed
    assert totals["random_kills"] + totals["failpoint_kills"] >= 5 and totals["records"] > 1000, totals
