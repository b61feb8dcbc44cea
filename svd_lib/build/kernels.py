"""How a chapter's kernel is reached: over sockets in a private folder, so that kernels never race for a port."""

from __future__ import annotations

import asyncio
import sys
import time
import uuid
from importlib.metadata import EntryPoint
from pathlib import Path
from queue import Empty

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory
from jupyter_core.paths import jupyter_runtime_dir
from traitlets import DottedObjectName, Type, default

from svd_lib.build.warm import PROVISIONER

KernelProvisionerFactory.provisioners[PROVISIONER] = EntryPoint(
    PROVISIONER, "svd_lib.build.provisioner:WarmProvisioner", KernelProvisionerFactory.GROUP_NAME
)


_LONGEST_PAUSE = 1.0


class LocalKernelClient(AsyncKernelClient):
    """Jupyter's own client, but sure of the first messages: it waits for the very ones, not until none come for a while."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel has answered a request and said, on the channel of outputs, that it is done with it."""
        ends = time.monotonic() + (timeout or float("inf"))
        while True:
            try:
                async with asyncio.timeout(_LONGEST_PAUSE):
                    return await self._answered(self.kernel_info())
            except (Empty, TimeoutError):
                if not await self.parent.is_alive():
                    raise RuntimeError("Kernel died before replying to kernel_info") from None
                if time.monotonic() > ends:
                    raise RuntimeError(f"Kernel didn't respond in {timeout} seconds") from None

    async def _answered(self, request: str) -> None:
        """Read messages until the kernel is done with a request, and so with every earlier one."""
        is_idle = False
        while not is_idle:
            message = await self.get_iopub_msg(timeout=_LONGEST_PAUSE)
            is_own = message["parent_header"].get("msg_id") == request
            is_idle = is_own and message["content"].get("execution_state") == "idle"
        reply = await self.get_shell_msg(timeout=_LONGEST_PAUSE)
        while reply["parent_header"].get("msg_id") != request:
            reply = await self.get_shell_msg(timeout=_LONGEST_PAUSE)
        self._handle_kernel_info_reply(reply)


class LocalKernelManager(AsyncKernelManager):
    """Jupyter's own manager, speaking over Unix sockets where there are any.

    A socket's path must be absolute, or the kernel looks for it in another folder, and short, or the system refuses it.
    """

    client_factory = Type(LocalKernelClient)
    client_class = DottedObjectName(f"{__name__}.LocalKernelClient")

    @default("transport")
    def _local_transport(self) -> str:
        return "tcp" if sys.platform == "win32" else "ipc"

    @default("connection_file")
    def _private_file(self) -> str:
        return str(Path(jupyter_runtime_dir()) / f"{uuid.uuid4().hex[:12]}.json")

    @default("ip")
    def _private_address(self) -> str:
        if self.transport == "tcp":
            return "127.0.0.1"
        return str(Path(jupyter_runtime_dir()) / uuid.uuid4().hex[:12])
