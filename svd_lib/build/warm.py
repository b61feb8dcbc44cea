"""A process that has imported what kernels or the site builder need, and forks one for whoever asks.

``python -m svd_lib.build.warm SOCKET MODULE...`` imports the modules and nothing else: no query, no plot, no thread. Each
request on the socket names a task, its arguments, environment and folder; the answer is the child's process id and, when
it ends, its exit code. A child whose asker goes away is killed, and so are all when the process that started this one ends.
Linux only: elsewhere forking a process with these libraries is not safe.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

KERNELS = "SNA_WARM_KERNELS"
"""Environment variable that tells the provisioner where to ask for a kernel."""
KERNEL, SITE = "kernel", "site"
"""The tasks: an IPython kernel, and Jupyter Book's command line."""
PROVISIONER = "sna-warm"
"""The provisioner's name, which :mod:`svd_lib.build.kernels` registers and a kernel specification asks for."""
KERNEL_MODULES = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "IPython.display",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "ipykernel.debugger",
    "tornado.platform.asyncio",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.pyplot",
    "PIL.Image",
    "PIL.PngImagePlugin",
    "pyarrow.compute",
    "pyarrow.parquet",
    "pandas.io.parquet",
    "svd_lib.build.guard",
)
_PR_SET_PDEATHSIG = 1
_LONGEST_REQUEST = 1 << 20


def is_possible() -> bool:
    """Whether kernels can be forked on this platform."""
    return sys.platform == "linux"


def end_with_parent(signum: int = signal.SIGKILL) -> None:
    """Have this process end when its parent does, however that comes about."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signum)


# --- asking -----------------------------------------------------------------------------------------------------------


class WarmChild:
    """A forked process, with as much of :class:`subprocess.Popen` as its users need.

    Parameters
    ----------
    address : str
        Socket of the warm process.
    request : dict
        ``task``, ``argv``, ``env``, ``cwd`` and, optionally, ``output`` (a file for everything it says).

    Raises
    ------
    ConnectionError
        When the warm process is not there or could not fork.
    """

    stdin = stdout = stderr = None

    def __init__(self, address: str, request: dict[str, Any]) -> None:
        self.returncode: int | None = None
        self._said = b""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(address)
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        self.pid = int(self._line(None))

    def poll(self) -> int | None:
        """Return the exit code, or None while the process runs."""
        return self.wait(0) if self.returncode is None else self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """Return the exit code once the process has ended, or None when the time is over first."""
        if self.returncode is None:
            try:
                self.returncode = int(self._line(timeout))
            except ConnectionError:
                self.returncode = -signal.SIGKILL
            except TimeoutError:
                return None
            self._socket.close()
        return self.returncode

    def send_signal(self, signum: int) -> None:
        """Send a signal to the process and what it started."""
        if self.poll() is None:
            os.killpg(self.pid, signum)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)

    def _line(self, timeout: float | None) -> bytes:
        """Return the next line the warm process says."""
        self._socket.settimeout(timeout)
        while b"\n" not in self._said:
            try:
                more = self._socket.recv(64)
            except BlockingIOError:
                raise TimeoutError from None
            if not more:
                raise ConnectionError("the warm process is gone")
            self._said += more
        line, _, self._said = self._said.partition(b"\n")
        return line


@contextlib.contextmanager
def warm_process(address: Path, modules: Iterable[str], environment: dict[str, str], log: Path) -> Iterator[str]:
    """Start a warm process and end it, with all it has forked, on leaving.

    Parameters
    ----------
    address : pathlib.Path
        Socket to make; the path must be short.
    modules : iterable of str
        What to import.
    environment : dict
        The process's environment; ``PYTHONHASHSEED`` and the number of threads take effect here.
    log : pathlib.Path
        File that its complaints are added to.

    Yields
    ------
    str
        The address; asking waits until everything is imported.
    """
    with socket.socket(socket.AF_UNIX) as listener, log.open("ab") as complaints:
        listener.bind(str(address))
        listener.listen(512)
        command = [sys.executable, "-Xfrozen_modules=off", "-m", __name__, str(listener.fileno()), *modules]
        server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=complaints, stderr=complaints, env=environment, pass_fds=[listener.fileno()],
            start_new_session=True,
        )  # fmt: skip
    try:
        yield str(address)
    finally:
        server.stdin.close()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        address.unlink(missing_ok=True)


class Nurseries:
    """The warm processes of a run: one for kernels, one for the site builder, each started when first asked for.

    Parameters
    ----------
    stack : contextlib.ExitStack
        Ends them.
    folder : pathlib.Path
        For their sockets; a short path.
    environment : dict
        Theirs.
    log : pathlib.Path
        File that their complaints are added to.
    """

    def __init__(self, stack: contextlib.ExitStack, folder: Path, environment: dict[str, str], log: Path) -> None:
        self._stack, self._folder, self._environment, self._log = stack, folder, environment, log
        self.addresses: dict[str, str] = {}

    def for_kernels(self, modules: Iterable[str]) -> str:
        """Return the address of a process with the kernel, the libraries and the modules that chapters use."""
        return self._start(KERNEL, [*KERNEL_MODULES, *modules])

    def for_sites(self, modules: Iterable[str]) -> str:
        """Return the address of a process with Jupyter Book and the theme, which are among the modules."""
        return self._start(SITE, modules)

    @classmethod
    def at(cls, addresses: dict[str, str]) -> Nurseries:
        """Return the warm processes that another run has started, by task."""
        shared = cls(contextlib.ExitStack(), Path(), {}, Path(os.devnull))
        shared.addresses.update(addresses)
        return shared

    def started(self, task: str) -> str:
        """Return the address of a task's process if it has been started, else an empty text."""
        return self.addresses.get(task, "")

    def _start(self, task: str, modules: Iterable[str]) -> str:
        if task not in self.addresses:
            process = warm_process(self._folder / task, modules, self._environment, self._log)
            self.addresses[task] = self._stack.enter_context(process)
        return self.addresses[task]


# --- being asked ------------------------------------------------------------------------------------------------------


class _Nursery:
    """Forks a child per request and tells each asker how its child ended."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._children: dict[int, socket.socket] = {}
        self._ended, wake = socket.socketpair()
        wake.setblocking(False)
        self._wake = wake
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno())
        listener.setblocking(True)
        for watched in (listener, self._ended, sys.stdin):
            self._selector.register(watched, selectors.EVENT_READ)

    def serve(self) -> None:
        """Serve until the process that started this one closes our standard input."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is sys.stdin:
                    return self._kill_all()
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._ended:
                    self._ended.recv(4096)
                    self._reap()
                else:
                    self._asker_left(key.fileobj)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        request = _request_of(connection)
        if request is None:
            connection.close()
            return
        pid = os.fork()
        if pid == 0:
            self._leave()
            connection.close()
            _become(request)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        self._children[pid] = connection
        self._selector.register(connection, selectors.EVENT_READ)
        self._tell(connection, pid)

    def _reap(self) -> None:
        while self._children:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            connection = self._children.pop(pid, None)
            if connection is not None:
                self._selector.unregister(connection)
                self._tell(connection, os.waitstatus_to_exitcode(status))
                connection.close()

    def _asker_left(self, connection: socket.socket) -> None:
        """Whoever asked has closed the connection or is gone: so goes the child."""
        for pid, other in self._children.items():
            if other is connection:
                self._selector.unregister(connection)
                _kill(pid)
                return

    def _kill_all(self) -> None:
        for pid in self._children:
            _kill(pid)
        for pid in self._children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def _leave(self) -> None:
        """In a child: let go of everything that is the nursery's."""
        signal.set_wakeup_fd(-1)
        for name in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(name, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._selector.close()
        for held in (self._listener, self._ended, self._wake, *self._children.values()):
            held.close()

    @staticmethod
    def _tell(connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(f"{number}\n".encode())


def _request_of(connection: socket.socket) -> dict | None:
    said = b""
    connection.settimeout(10)
    try:
        while not said.endswith(b"\n") and len(said) < _LONGEST_REQUEST:
            more = connection.recv(65536)
            if not more:
                return None
            said += more
        return json.loads(said)
    except (OSError, ValueError):
        return None


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _become(request: dict) -> None:
    """Turn a fresh fork into what was asked for; never returns."""
    code = 1
    try:
        end_with_parent()
        os.setpgid(0, 0)
        os.environ.clear()
        os.environ.update(request["env"])
        time.tzset()
        os.chdir(request["cwd"])
        _redirect(request.get("output"))
        sys.argv = list(request["argv"])
        code = _exit_code(TASKS[request["task"]])
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            threading._shutdown()
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _redirect(output: str | None) -> None:
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    if output:
        with Path(output).open("ab") as stream:
            os.dup2(stream.fileno(), 1)
            os.dup2(stream.fileno(), 2)


def _exit_code(task: Callable[[], object]) -> int:
    """Run a task as a program and return its exit code."""
    try:
        task()
    except SystemExit as leaving:
        if leaving.code is None or isinstance(leaving.code, int):
            return leaving.code or 0
        print(leaving.code, file=sys.stderr)
        return 1
    return 0


def _kernel() -> None:
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance()


def _site() -> None:
    from jupyter_book.cli.main import main as jupyter_book

    jupyter_book()


TASKS: dict[str, Callable[[], None]] = {KERNEL: _kernel, SITE: _site}


def main(arguments: list[str]) -> int:
    """Import, then serve; refuse when an import has started a thread."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in arguments[1:]:
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        print(f"not warm: importing started {threads - 1} threads", file=sys.stderr)
        return 1
    gc.collect()
    gc.freeze()
    _Nursery(socket.socket(fileno=int(arguments[0]))).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
