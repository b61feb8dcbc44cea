"""Start many warm kernels, many at a time, and count failures and what is left over.

    .venv/bin/python -m proofs.kernel_starts [--starts 200] [--at-a-time 40]

Writes ``proofs/kernel_starts.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from svd_lib.build.environment import build_environment
from svd_lib.build.run import short_folder
from svd_lib.build.warm import KERNELS, PROVISIONER, Nurseries
from svd_lib.edition import find_root, list_editions

COVERS = ("svd_lib/build/warm.py", "svd_lib/build/provisioner.py", "svd_lib/build/kernels.py")
RESULT = Path(__file__).with_suffix(".json")


def main() -> int:
    """Run the proof, write it down, and return 1 when anything failed or was left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=200)
    parser.add_argument("--at-a-time", type=int, default=40)
    options = parser.parse_args()
    root = find_root(Path(__file__).parent)
    with short_folder() as sockets, tempfile.TemporaryDirectory() as scratch:
        environment = build_environment(list_editions(root)[0], Path(scratch), sockets, PROVISIONER)
        with contextlib.ExitStack() as processes:
            environment[KERNELS] = Nurseries(processes, sockets, environment, Path(scratch) / "log").for_kernels([])
            os.environ.update(environment)
            began = time.monotonic()
            starts = asyncio.run(_start_all(options.starts, options.at_a_time))
            seconds = time.monotonic() - began
        running = [pid for pid in starts if Path(f"/proc/{pid}").exists()]
        left = sorted(path.name for path in sockets.iterdir())
    failed = options.starts - len(starts)
    figures = {"starts": options.starts, "at_a_time": options.at_a_time, "failed": failed, "still_running": len(running), "files_left": len(left)}
    content = {"date": datetime.date.today().isoformat(), **figures, "seconds": round(seconds, 1), "covers": COVERS}
    RESULT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in figures.items()), f"in {seconds:.1f} s")
    return 1 if failed or running or left else 0


async def _start_all(starts: int, at_a_time: int) -> list[int]:
    """Start kernels and return the process id of each that answered."""
    places = asyncio.Semaphore(at_a_time)
    answers = await asyncio.gather(*(_start_one(places) for _ in range(starts)), return_exceptions=True)
    for problem in {repr(answer) for answer in answers if isinstance(answer, BaseException)}:
        print(problem, file=sys.stderr)
    return [answer for answer in answers if isinstance(answer, int)]


async def _start_one(places: asyncio.Semaphore) -> int:
    from svd_lib.build.kernels import LocalKernelManager

    async with places:
        manager = LocalKernelManager(kernel_name="python3")
        await manager.start_kernel()
        client = manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=120)
            reply = await client.execute_interactive("", user_expressions={"pid": "__import__('os').getpid()"}, timeout=60)
            return int(reply["content"]["user_expressions"]["pid"]["data"]["text/plain"])
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    sys.exit(main())
