"""Waiting for a condition, with a deadline: the only pause that tests make."""
import threading
import time


class NotInTime(AssertionError):
    """A condition that must come true did not, within its deadline."""


def wait_until(condition, what, seconds=30.0, poll=0.05):
    """Returns the first true value of condition(). `what` names it in the failure, with the value last seen."""
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise NotInTime(f"{what}: not within {seconds:g} s; last seen: {value!r}")
        pause.wait(poll)
    return value
