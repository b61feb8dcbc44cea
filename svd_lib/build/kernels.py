"""How a chapter's kernel is reached: over sockets in a private folder, so that kernels never race for a port."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager
from jupyter_core.paths import jupyter_runtime_dir
from traitlets import default


class LocalKernelManager(AsyncKernelManager):
    """Jupyter's own manager, speaking over Unix sockets where there are any.

    A socket's path must be absolute, or the kernel looks for it in another folder, and short, or the system refuses it.
    """

    @default("transport")
    def _local_transport(self) -> str:
        return "tcp" if sys.platform == "win32" else "ipc"

    @default("ip")
    def _private_address(self) -> str:
        if self.transport == "tcp":
            return "127.0.0.1"
        return str(Path(jupyter_runtime_dir()) / uuid.uuid4().hex[:12])
