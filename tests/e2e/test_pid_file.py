"""--pid-file: there while the exporter serves."""

import os
import signal

from exporter import run
from poll import eventually


def test_written_and_removed(fake, exporter, tmp_path):
    path = tmp_path / "exporter.pid"
    running = exporter(fake().address, f"--pid-file={path}")
    # the log tells of the addresses before it is there
    eventually(path.exists)
    assert path.read_text() == f"{running.process.pid}\n"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o644
    running.process.send_signal(signal.SIGTERM)
    running.wait()
    assert not path.exists()


def test_of_another_stays(fake, exporter, tmp_path):
    """A second exporter has taken over the file."""
    path = tmp_path / "exporter.pid"
    running = exporter(fake().address, f"--pid-file={path}")
    eventually(path.exists)
    path.write_text("1\n")
    running.process.send_signal(signal.SIGTERM)
    running.wait()
    assert path.read_text() == "1\n"


def test_old_one_is_replaced(fake, exporter, tmp_path):
    path = tmp_path / "exporter.pid"
    path.write_text("999999999\nand more\n")
    running = exporter(fake().address, f"--pid-file={path}")
    eventually(lambda: path.read_text() == f"{running.process.pid}\n")


def test_no_link_is_followed(fake, exporter, tmp_path):
    path, victim = tmp_path / "exporter.pid", tmp_path / "victim"
    victim.write_text("precious")
    path.symlink_to(victim)
    exporter(fake().address, f"--pid-file={path}")
    eventually(lambda: not path.is_symlink())
    assert victim.read_text() == "precious"


def test_cannot_be_written(tmp_path):
    path = tmp_path / "absent" / "exporter.pid"
    done = run("--web.listen-address=127.0.0.1:0", f"--pid-file={path}")
    assert done.returncode == 1
    assert done.stderr.endswith(
        "--pid-file: cannot write the file: No such file or directory: "
        f"{path}\n")


def test_not_without_an_address(exporter, fake, tmp_path):
    """What cannot listen leaves the file of the one that does."""
    path = tmp_path / "exporter.pid"
    running = exporter(fake().address, f"--pid-file={path}")
    eventually(path.exists)
    done = run(f"--web.listen-address={running.address}", f"--pid-file={path}")
    assert done.returncode == 1
    assert path.read_text() == f"{running.process.pid}\n"
    assert os.path.exists(f"/proc/{running.process.pid}")
