"""Start many warm kernels, many at a time, and count failures and what is left over."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from proofs.proof import Proof, Reading, Step
from svd_lib.build.environment import build_environment
from svd_lib.build.run import short_folder
from svd_lib.build.warm import KERNELS, PROVISIONER, Nurseries
from svd_lib.edition import find_root, list_editions

ROOT = find_root(Path(__file__).parent)
AT_A_TIME = 40


def starts(rng: np.random.Generator, replications: int) -> list[Reading]:
    """Start kernels in a process of their own; none may fail, stay running or leave a file."""
    command = [sys.executable, "-m", "proofs.kernel_starts", str(replications)]
    counted = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    return [
        Reading("build.warm", f"{what} of kernels started {AT_A_TIME} at a time", "level", 0.0, number, replications, is_discrete=True)
        for what, number in counted.items()
    ]


PROOF = Proof(
    name="kernel_starts",
    question="Of many warm kernels started in parallel, does any fail, stay running or leave a file?",
    covers=("svd_lib/build/warm.py", "svd_lib/build/provisioner.py", "svd_lib/build/kernels.py", "proofs/kernel_starts.py"),
    steps=(Step("parallel-starts", starts, 200),),
)


def count(number: int) -> dict[str, int]:
    """Start kernels and return how many failed, still run, and left a file."""
    with short_folder() as sockets, tempfile.TemporaryDirectory() as scratch:
        environment = build_environment(list_editions(ROOT)[0], Path(scratch), sockets, PROVISIONER)
        with contextlib.ExitStack() as processes:
            environment[KERNELS] = Nurseries(processes, sockets, environment, Path(scratch) / "log").for_kernels([])
            os.environ.update(environment)
            answered = asyncio.run(_start_all(number, AT_A_TIME))
        running = [pid for pid in answered if Path(f"/proc/{pid}").exists()]
        left = list(sockets.iterdir())
    return {"failures": number - len(answered), "processes left": len(running), "files left": len(left)}


async def _start_all(number: int, at_a_time: int) -> list[int]:
    """Start kernels and return the process id of each that answered."""
    places = asyncio.Semaphore(at_a_time)
    answers = await asyncio.gather(*(_start_one(places) for _ in range(number)), return_exceptions=True)
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
    print(json.dumps(count(int(sys.argv[1]))))
