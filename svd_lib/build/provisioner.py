"""Kernels from a warm process, for jupyter_client: nothing else about papermill or Jupyter changes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from svd_lib.build.warm import KERNEL, KERNELS, WarmChild

LAUNCHER = "ipykernel_launcher"
CHANNELS = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")
_PAUSE = 0.005


class WarmProvisioner(LocalProvisioner):
    """Has the kernel forked by the warm process that the environment names; without one, starts it as usual."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start a kernel and return how to reach it."""
        child = self._forked(cmd, kwargs)
        if child is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process = child
        self.pid = self.pgid = child.pid
        self.cwd = kwargs.get("cwd") or str(Path.cwd())
        await self._until_bound()
        return self.connection_info

    async def _until_bound(self) -> None:
        """Wait for the kernel's sockets: who connects before they are there tries again only after a pause."""
        connection = self.connection_info
        sockets = [Path(f"{connection['ip']}-{connection[name]}") for name in CHANNELS]
        while not all(path.exists() for path in sockets) and await self.poll() is None:
            await asyncio.sleep(_PAUSE)

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel; a forked one is gone when this returns."""
        await super().kill(restart)
        while isinstance(self.process, WarmChild) and await self.poll() is None:
            await asyncio.sleep(_PAUSE)

    @staticmethod
    def _forked(cmd: list[str], kwargs: dict[str, Any]) -> WarmChild | None:
        environment = dict(kwargs.get("env") or os.environ)
        address = environment.pop(KERNELS, "")
        if not address or LAUNCHER not in cmd:
            return None
        argv = [LAUNCHER, *cmd[cmd.index(LAUNCHER) + 1 :]]
        folder = kwargs.get("cwd") or str(Path.cwd())
        try:
            return WarmChild(address, {"task": KERNEL, "argv": argv, "env": environment, "cwd": folder})
        except OSError:
            return None
