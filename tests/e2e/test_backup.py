"""Backup and restore as docker/README.md tells it: what an old copy of the state directory does, and an old copy of a table."""
import shutil

from proven import Proven, started


def stopped(daemon, stream, upto):
    """The stream has committed up to there, and the daemon has ended."""
    stream.produce(upto)
    if not daemon.running:
        daemon.start()
    stream.wait_caught_up(daemon)
    assert daemon.terminate() == 0


def test_an_old_copy_of_the_state_directory_goes_on_from_the_tables(kafka):
    """The copy knows the streams that ran then; what they have done since, the tables know better."""
    stream = Proven(kafka, "copied")
    with started(kafka) as daemon:
        stream.begin(daemon)
        stopped(daemon, stream, 1000)
        shutil.copytree(daemon.state, daemon.directory / "backup")
        for upto in (1500, 2000, 2500):
            stopped(daemon, stream, upto)
        shutil.rmtree(daemon.state)
        shutil.copytree(daemon.directory / "backup", daemon.state)
        stopped(daemon, stream, 3000)  # it runs by itself
        stream.assert_exact(daemon)


def test_a_copy_of_what_a_crash_left_is_as_good(kafka):
    """As a snapshot of the volume is, taken while the service runs."""
    stream = Proven(kafka, "snapshot")
    with started(kafka) as daemon:
        stream.begin(daemon)
        stream.produce(1500)
        stream.wait_caught_up(daemon)
        daemon.kill()
        shutil.copytree(daemon.state, daemon.directory / "backup")
        shutil.copytree(daemon.lake, daemon.directory / "tables")
        stopped(daemon, stream, 2500)
        for folder, copy in ((daemon.state, "backup"), (daemon.lake, "tables")):
            shutil.rmtree(folder)
            shutil.copytree(daemon.directory / copy, folder)
        stopped(daemon, stream, 3000)
        stream.assert_exact(daemon)


def test_an_old_copy_of_a_table_is_refused_until_it_fits_the_ledger(kafka):
    stream = Proven(kafka, "older", 1)
    with started(kafka) as daemon:
        stream.begin(daemon)
        stopped(daemon, stream, 1000)
        shutil.copytree(stream.table(daemon), daemon.directory / "old")
        for upto in (1500, 2000):
            stopped(daemon, stream, upto)
        stream.table(daemon).rename(daemon.directory / "new")
        shutil.copytree(daemon.directory / "old", stream.table(daemon))
        daemon.start()
        failed = daemon.wait_for_state("older", "FAILED")
        assert failed["error"]["code"] == "sink_behind" and "older/0 from 1000" in failed["error"]["detail"], failed
        assert daemon.terminate() == 0
        # With the ledger of that time, or with none, the table is where it goes on.
        shutil.rmtree(daemon.state)
        daemon.start()
        stream.begin(daemon)
        stopped(daemon, stream, 2500)
        stream.assert_exact(daemon)
