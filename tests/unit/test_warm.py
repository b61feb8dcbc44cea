"""Warm processes: forks that run, end and die as they should, and leave nothing behind."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from svd_lib.build import site, warm
from svd_lib.build.environment import build_environment
from svd_lib.edition import open_edition

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="warm processes are for Linux")
STARTS = 20


@pytest.fixture
def place(root, tmp_path):
    """A folder with a short path, an environment, and a check that nothing is left in it."""
    with tempfile.TemporaryDirectory(prefix="sna-", dir="/tmp") as folder:
        sockets = Path(folder)
        edition = open_edition("suffolk-2025", str(root))
        environment = build_environment(edition, tmp_path / "run", sockets, warm.PROVISIONER)
        yield sockets, environment
        left = sorted(path.name for path in sockets.iterdir())
    assert left == []


@pytest.fixture
def nursery(place, tmp_path):
    sockets, environment = place
    with contextlib.ExitStack() as stack:
        yield warm.Nurseries(stack, sockets, environment, tmp_path / "log"), environment


def is_running(pid):
    return Path(f"/proc/{pid}").exists()


def wait_until_gone(pid, seconds=10):
    deadline = time.monotonic() + seconds
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_running(pid)


def jupyter_book(address, environment, output, *arguments):
    request = {"task": warm.SITE, "argv": ["jupyter-book", *arguments], "env": environment, "cwd": "/", "output": str(output)}
    return warm.WarmChild(address, request)


def test_a_task_runs_in_a_fork_and_its_exit_code_comes_back(nursery, tmp_path):
    nurseries, environment = nursery
    address = nurseries.for_sites(site.WARM_MODULES)
    assert nurseries.started(warm.SITE) == address and nurseries.started(warm.KERNEL) == ""
    assert jupyter_book(address, environment, tmp_path / "said", "--version").wait() == 0
    assert "Jupyter Book" in (tmp_path / "said").read_text()
    assert jupyter_book(address, environment, tmp_path / "said", "no-such-command").wait() == 2


def kernel_managers(environment, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    from svd_lib.build.kernels import LocalKernelManager

    return LocalKernelManager


async def started(manager_class):
    manager = manager_class(kernel_name="python3")
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=60)
    return manager, client


async def value_of(client, code):
    reply = await client.execute_interactive(code, user_expressions={"it": "it"}, output_hook=lambda _: None, timeout=60)
    return reply["content"]["user_expressions"]["it"]["data"]["text/plain"]


async def stop(manager, client):
    client.stop_channels()
    await manager.shutdown_kernel(now=True)


def test_a_kernel_is_forked_with_its_stack_and_its_own_environment(nursery, monkeypatch):
    nurseries, environment = nursery
    address = nurseries.for_kernels(["svd_lib.measures.rates"])

    async def ask():
        manager, client = await started(kernel_managers({**environment, warm.KERNELS: address, "ONE": "1"}, monkeypatch))
        assert isinstance(manager.provisioner.process, warm.WarmChild)
        said = await value_of(client, "import os, sys; it = [os.environ['ONE'], 'svd_lib.measures.rates' in sys.modules, os.getpid()]")
        await stop(manager, client)
        return said

    said = asyncio.run(ask())
    assert said.startswith("['1', True, ")
    assert wait_until_gone(int(said.strip("]").split()[-1]))


def test_without_a_warm_process_a_kernel_starts_the_stock_way(place, monkeypatch):
    sockets, environment = place

    async def ask():
        manager, client = await started(kernel_managers({**environment, warm.KERNELS: str(sockets / "nobody")}, monkeypatch))
        assert isinstance(manager.provisioner.process, subprocess.Popen)
        await stop(manager, client)

    asyncio.run(ask())


def test_many_kernels_start_at_the_same_time_and_none_is_left(nursery, monkeypatch):
    nurseries, environment = nursery
    address = nurseries.for_kernels([])
    manager_class = kernel_managers({**environment, warm.KERNELS: address}, monkeypatch)

    async def ask_all():
        pairs = await asyncio.gather(*(started(manager_class) for _ in range(STARTS)))
        values = await asyncio.gather(*(value_of(client, "import os; it = os.getpid()") for _, client in pairs))
        await asyncio.gather(*(stop(*pair) for pair in pairs))
        return [int(value) for value in values]

    pids = asyncio.run(ask_all())
    assert len(set(pids)) == STARTS
    assert all(wait_until_gone(pid) for pid in pids)


def test_a_child_dies_with_whoever_asked_for_it(nursery, monkeypatch):
    nurseries, environment = nursery
    address = nurseries.for_kernels([])

    async def leave():
        manager, client = await started(kernel_managers({**environment, warm.KERNELS: address}, monkeypatch))
        child = manager.provisioner.process
        pid = child.pid
        child._socket.close()
        gone = await asyncio.to_thread(wait_until_gone, pid)
        client.stop_channels()
        manager.cleanup_connection_file()
        manager.cleanup_ipc_files()
        return gone

    assert asyncio.run(leave())


KILLED = """
import contextlib, os, sys, time
from pathlib import Path
from svd_lib.build import warm
from svd_lib.build.environment import build_environment
from svd_lib.edition import open_edition
root, folder = Path(sys.argv[1]), Path(sys.argv[2])
environment = build_environment(open_edition("suffolk-2025", str(root)), folder / "run", folder)
with contextlib.ExitStack() as stack:
    address = warm.Nurseries(stack, folder, environment, folder / "log").for_sites(["jupyter_book.cli.main"])
    child = warm.WarmChild(address, {"task": "site", "argv": ["jupyter-book", "--help"], "env": environment, "cwd": "/", "output": str(folder / "said")})
    child.wait()
    print(Path(f"/proc/self/task/{os.getpid()}/children").read_text(), flush=True)
    time.sleep(60)
"""


def test_a_killed_build_takes_its_warm_process_along(root, tmp_path):
    with tempfile.TemporaryDirectory(prefix="sna-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        build = subprocess.Popen([sys.executable, "-c", KILLED, str(root), folder], stdout=subprocess.PIPE, text=True)
        servers = [int(pid) for pid in build.stdout.readline().split()]
        assert servers
        build.send_signal(signal.SIGKILL)
        build.wait()
        assert all(wait_until_gone(pid) for pid in servers)


def test_a_process_whose_imports_start_a_thread_refuses_to_fork(tmp_path):
    (tmp_path / "threaded.py").write_text("import threading, time\nthreading.Thread(target=time.sleep, args=(30,), daemon=True).start()\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    address = Path(f"/tmp/sna-{os.getpid()}.t")
    with warm.warm_process(address, ["threaded"], environment, tmp_path / "log"), pytest.raises(ConnectionError):
        warm.WarmChild(str(address), {"task": warm.SITE, "argv": [], "env": {}, "cwd": "/"})
    assert "not warm: importing started 1 threads" in (tmp_path / "log").read_text()
