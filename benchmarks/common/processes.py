"""Child processes that report what they measured, and memory and processor time on Linux."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

from benchmarks.common.record import ROOT
from benchmarks.common.timing import SkippedError


def require_linux() -> None:
    """Skip the section unless memory can be measured by Linux's /proc."""
    if not Path("/proc/self/clear_refs").exists():
        raise SkippedError("It measures memory by Linux's /proc.")


def run_module(module: str, *arguments: object) -> dict[str, float]:
    """Run a module of this repository in a process of its own, and return the JSON it prints."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def status_bytes(field: str) -> int:
    """Return a field of this process's status, such as VmHWM, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def reset_peak() -> None:
    """Reset VmHWM, the peak of resident memory, to the current resident memory.

    The peak of `getrusage` may be that of the parent process, and cannot be reset.
    """
    Path("/proc/self/clear_refs").write_text("5")


class PeakMonitor:
    """Context that reads a field of the status a hundred times a second; `peak` is the maximum.

    Parameters
    ----------
    field : str
        A field of /proc/self/status that has no peak of its own, such as RssAnon.
    """

    def __init__(self, field: str) -> None:
        self.field = field
        self.peak = status_bytes(field)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def _sample(self) -> None:
        while not self._ended.wait(0.01):
            self.peak = max(self.peak, status_bytes(self.field))

    def __enter__(self) -> "PeakMonitor":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._thread.join()


class OtherProcesses:
    """Context that measures the processor time of other processes, on Linux.

    Attributes
    ----------
    n_cores : float
        The cores that other processes used on average. NaN without Linux's /proc.
    """

    n_cores = float("nan")

    def __enter__(self) -> Self:
        self._start = time.perf_counter()
        self._before = self._read_seconds()
        return self

    def __exit__(self, *exception: object) -> None:
        seconds = time.perf_counter() - self._start
        self.n_cores = max(0.0, self._read_seconds() - self._before) / seconds

    def _read_seconds(self) -> float:
        """Return the seconds of all processors in use, without this process and its children."""
        path = Path("/proc/stat")
        if not path.exists():
            return float("nan")
        user, nice, system, _, _, irq, softirq, steal = map(int, path.read_text().split()[1:9])
        ticks = user + nice + system + irq + softirq + steal
        return ticks / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])
