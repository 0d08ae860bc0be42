"""The memcached process by its pid file, and the exporter about itself."""

import os
import resource
import subprocess
import time

import pytest

from exporter import run

PROCESS = [
    "cpu_seconds_total", "resident_memory_bytes", "virtual_memory_bytes",
    "open_fds", "max_fds", "start_time_seconds", "virtual_memory_max_bytes",
    "network_receive_bytes_total", "network_transmit_bytes_total",
]
REASONS = {"refused", "unreachable", "timeout", "dns", "tls", "auth", "busy", "closed",
           "protocol", "too_large"}


def process(metrics, prefix):
    values = {name: metrics.value(f"{prefix}{name}") for name in PROCESS}
    return {k: v for k, v in values.items() if v is not None}


def assert_plausible(values, pid):
    assert set(values) == set(PROCESS)
    assert abs(values["start_time_seconds"] - time.time()) < 60
    # The scrape itself may have opened or closed some.
    assert abs(values["open_fds"] - len(os.listdir(f"/proc/{pid}/fd"))) <= 2
    assert values["max_fds"] > values["open_fds"] > 0
    assert values["virtual_memory_bytes"] > values["resident_memory_bytes"]
    assert values["resident_memory_bytes"] > 100 << 10
    assert 0 <= values["cpu_seconds_total"] < 60
    assert values["network_receive_bytes_total"] > 0
    assert values["network_transmit_bytes_total"] > 0
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    # As the Go exporter has it, rounded by Python.
    assert values["virtual_memory_max_bytes"] == (
        2 ** 64 if limit == resource.RLIM_INFINITY else limit)


def test_pid_file(memcached, exporter, tmp_path):
    server = memcached()
    path = tmp_path / "pid"
    path.write_text(f"{server.process.pid}\n")
    running = exporter(server.address, f"--memcached.pid-file={path}")
    pid = server.process.pid
    assert_plausible(process(running.metrics(), "memcached_process_"), pid)
    # Read again at each scrape: memcached restarts.
    server.restart()
    pid = server.process.pid
    path.write_text(str(pid))
    assert_plausible(process(running.metrics(), "memcached_process_"), pid)


@pytest.mark.parametrize("form", [
    "%d", "%d\n", "%d\r\n", " %d", "\t%d \n", "\n\n%d\n\n", "\ufeff%d\n", "00%d"])
def test_blanks_in_a_pid_file(fake, exporter, tmp_path, form):
    path = tmp_path / "pid"
    path.write_text(form % os.getpid())
    running = exporter(fake().address, f"--memcached.pid-file={path}")
    found = process(running.metrics(), "memcached_process_")
    assert set(found) == set(PROCESS)


@pytest.mark.parametrize("content", [
    None, "", "\n", " ", "1 2", "1\n2\n", "garbage", "-1", "0", "1x", "999999999", "9" * 100,
    "x" * 100000, "../self",
])
def test_bad_pid_file(fake, exporter, tmp_path, content):
    path = tmp_path / "pid"
    if content is not None:
        path.write_text(content)
    running = exporter(fake().address, f"--memcached.pid-file={path}")
    for _ in range(3):
        metrics = running.metrics()
        assert metrics.up == 1
        assert process(metrics, "memcached_process_") == {}
        assert process(metrics, "process_")
    running.stop()
    log = running.log()
    assert sum("level=WARN" in line for line in log) == 1, log


def test_pid_file_is_a_fifo(fake, exporter, tmp_path):
    """A file that blocks its reader does not block the exporter."""
    path = tmp_path / "pid"
    os.mkfifo(path)
    running = exporter(fake().address, f"--memcached.pid-file={path}")
    assert running.metrics().up == 1


def test_no_pid_file(fake, exporter):
    assert process(exporter(fake().address).metrics(), "memcached_process_") \
        == {}


def test_exporters_process(fake, exporter):
    running = exporter(fake().address)
    assert_plausible(process(running.metrics(), "process_"), running.pid)


def test_sandbox_without_proc_stat(fake, exporter):
    """A service sees no more of /proc than processes."""
    prefix = ["unshare", "-rm", "sh", "-c",
              'mount --bind /dev/null /proc/stat && exec "$@"', "sh"]
    if subprocess.run([*prefix, "true"], check=False).returncode:
        pytest.skip("no right to mount in a namespace of one's own")
    running = exporter(fake().address, prefix=prefix)
    assert_plausible(process(running.metrics(), "process_"), running.pid)


def test_about_itself(fake, exporter):
    running = exporter(fake().address)
    conn = running.connection()
    for path in ("/", "/nothing", "/metrics", "/-/healthy"):
        running.request(conn, path)
    metrics = running.metrics()
    conn.close()
    own = "memcached_exporter_"
    assert metrics.value(f"{own}scrapes_total") == 2
    assert metrics.value(f"{own}connects_total") == 1
    assert metrics.value(f"{own}targets") == 1
    assert metrics.value(f"{own}http_connections") == 2
    assert metrics.value(f"{own}config_last_reload_successful") == 1
    assert abs(time.time() - metrics.value(
        f"{own}config_last_reload_success_timestamp_seconds")) < 60
    failures = metrics.labels(f"{own}scrape_failures_total")
    assert {labels["reason"] for labels in failures} == REASONS
    for reason in REASONS:
        assert metrics.value(
            f"{own}scrape_failures_total", reason=reason) == 0
    requests = metrics.labels(f"{own}http_requests_total")
    assert {"200", "404"} <= {labels["code"] for labels in requests}
    total = sum(metrics.value(f"{own}http_requests_total", **labels)
                for labels in requests)
    assert total in (4, 5)  # this scrape may count itself or not


def test_disabled(fake, exporter, tmp_path):
    """What is not about the exporter stays."""
    path = tmp_path / "pid"
    path.write_text(str(os.getpid()))
    running = exporter(fake().address, f"--memcached.pid-file={path}",
                       "--web.disable-exporter-metrics")
    for headers in {}, {"Accept": "application/openmetrics-text"}:
        text = running.get(headers=headers).text
        assert "\nmemcached_up 1\n" in text
        assert "\nmemcached_scrape_duration_seconds " in text
        assert "\nmemcached_process_open_fds " in text
        assert "\nmemcached_exporter_" not in text
        assert "\nprocess_" not in text
    answer = exporter("", "--web.disable-exporter-metrics").get()
    assert (answer.status, answer.text) == (200, "")


def test_build_info(exporter):
    info, = exporter("").metrics().labels("memcached_exporter_build_info")
    assert info["version"] in run("--version").stdout
