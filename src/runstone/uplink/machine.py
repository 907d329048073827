"""What is sampled: the machine, the run's process with its children, the GPUs.

Names are those of the published wandb client where it has the same thing (0.31), so that charts and
scripts carry over. Percentages are 0 to 100, of one core for a process (so 400 is four busy cores).

    system.cpu                      % of all cores, all processes
    system.cpu.N.cpu_percent        % per core, up to 64 cores
    system.load1                    runnable processes, mean of a minute
    system.memory_percent           % of the machine's memory
    system.proc.memory.availableMB  MiB that a process could still take
    system.proc.cpu.percent         % of one core, process and its children
    system.proc.cpu.threads         count, process and its children
    system.proc.memory.rssMB        MiB, process and its children
    system.proc.memory.percent      % of the machine's memory
    system.proc.count               processes
    system.disk.PATH.usagePercent / usageGB    of the file system of the run's folder
    system.disk.in / out            MiB read, written, since the uplink began
    system.network.sent / recv      bytes, since the uplink began
    system.gpu.N.gpu                % busy
    system.gpu.N.memory             % of time that memory was moved
    system.gpu.N.memoryAllocated    % ; memoryAllocatedBytes in bytes
    system.gpu.N.temp               °C
    system.gpu.N.powerWatts / powerPercent / enforcedPowerLimitWatts
    system.gpu.N.smClock / memoryClock         MHz
    system.gpu.process.N.memoryAllocatedBytes  bytes of this process and its children

Of several ranks of a run on one host the first one tells what is the machine's; each tells its own
processes and the GPUs they are on.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import psutil

Values: TypeAlias = dict[str, "float | int"]
_MIB = 1024 * 1024
_HOST_SECONDS = 0.5  # runs sampled within this time share one look at the machine


class Machine:
    """Samples for any number of runs on this host. For one thread."""

    def __init__(self) -> None:
        self._gpus = _Gpus()
        self._host: Values = {}
        self._of_gpus: dict[int, Values] = {}
        self._host_at = float("-inf")
        self._children: dict[int, list[int]] = {}
        self._disk_start = _counters(psutil.disk_io_counters)
        self._network_start = _counters(psutil.net_io_counters)
        psutil.cpu_percent(percpu=True)  # the first call only sets the mark to measure from

    def sample(
        self, tree: ProcessTree, folder: str, *, whole: bool = True, others: Iterable[ProcessTree] = ()
    ) -> Values:
        """The machine, one run's processes and their GPUs. What cannot be read is left out.

        Of several ranks of a run on this host one is asked for the `whole` machine, the others for
        their own processes and the GPUs these run on. `others`: those ranks' processes, whose GPUs
        are theirs to tell.
        """
        now = time.monotonic()
        if now - self._host_at > _HOST_SECONDS:
            self._host_at = now
            self._children = _children_by_parent()
            self._host = self._machine()
        values = dict(self._host) if whole else {}
        values.update(tree.sample(self._children))
        users = self._gpus.users()
        theirs = set().union(*(other.pids for other in others))
        for at, running in enumerate(users):
            mine = [used for pid, used in running if pid in tree.pids]
            if mine:
                values[f"system.gpu.process.{at}.memoryAllocatedBytes"] = sum(used or 0 for used in mine)
            if mine or (whole and not any(pid in theirs for pid, _ in running)):
                values.update(self._of_gpus.get(at, {}))
        if not whole:
            return values
        try:
            usage = psutil.disk_usage(folder)
            values["system.disk./.usagePercent"] = usage.percent
            values["system.disk./.usageGB"] = round(usage.used / 1024**3, 3)
        except OSError:
            pass
        return values

    def close(self) -> None:
        self._gpus.close()

    def _machine(self) -> Values:
        values: Values = {}
        cores = psutil.cpu_percent(percpu=True)
        if cores:
            values["system.cpu"] = round(sum(cores) / len(cores), 2)
            for core, percent in enumerate(cores[:64]):
                values[f"system.cpu.{core}.cpu_percent"] = percent
        if hasattr(os, "getloadavg"):
            values["system.load1"] = round(os.getloadavg()[0], 2)
        memory = psutil.virtual_memory()
        values["system.memory_percent"] = memory.percent
        values["system.proc.memory.availableMB"] = round(memory.available / _MIB, 1)
        disk = _counters(psutil.disk_io_counters)
        if disk is not None and self._disk_start is not None:
            values["system.disk.in"] = round((disk.read_bytes - self._disk_start.read_bytes) / _MIB, 3)
            values["system.disk.out"] = round((disk.write_bytes - self._disk_start.write_bytes) / _MIB, 3)
        network = _counters(psutil.net_io_counters)
        if network is not None and self._network_start is not None:
            values["system.network.sent"] = network.bytes_sent - self._network_start.bytes_sent
            values["system.network.recv"] = network.bytes_recv - self._network_start.bytes_recv
        self._of_gpus = self._gpus.sample()
        return values


class ProcessTree:
    """A process and its children, and the CPU time they have used since the last look."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.pids: set[int] = set()
        self._known: dict[int, psutil.Process] = {}
        self._used: dict[int, float] = {}
        self._at: float | None = None
        self._memory_total = psutil.virtual_memory().total

    def mark(self) -> None:
        """The time from which the first sample counts."""
        self.sample(_children_by_parent())

    def sample(self, children: dict[int, list[int]]) -> Values:
        now = time.monotonic()
        used: dict[int, float] = {}
        rss, threads, spent = 0, 0, 0.0
        for pid in _tree(self.pid, children):
            try:
                process = self._known.get(pid) or psutil.Process(pid)
                if not process.is_running():
                    process = psutil.Process(pid)  # the id was given to another process
                    self._used.pop(pid, None)
                self._known[pid] = process
                with process.oneshot():
                    times = process.cpu_times()
                    threads += process.num_threads()
                    rss += process.memory_info().rss
            except psutil.Error:
                continue
            used[pid] = times.user + times.system
            # A child seen for the first time has used all its time since the last look, or so.
            before = self._used.get(pid, used[pid] if self._at is None else 0.0)
            spent += max(0.0, used[pid] - before)
        self.pids = set(used)
        self._known = {pid: process for pid, process in self._known.items() if pid in used}
        values: Values = {}
        if used:
            values["system.proc.cpu.threads"] = threads
            values["system.proc.count"] = len(used)
            values["system.proc.memory.rssMB"] = round(rss / _MIB, 2)
            values["system.proc.memory.percent"] = round(100 * rss / self._memory_total, 3)
            if self._at is not None and now > self._at:
                values["system.proc.cpu.percent"] = round(100 * spent / (now - self._at), 2)
        self._used, self._at = used, now
        return values


class _Gpus:
    """NVIDIA's GPUs where the driver is there; otherwise nothing, without a word."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._handles: list[Any] = []
        try:
            import pynvml

            pynvml.nvmlInit()
            self._nvml = pynvml
            count = min(pynvml.nvmlDeviceGetCount(), 32)
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(at) for at in range(count)]
        except Exception:
            self._handles = []

    def sample(self) -> dict[int, Values]:
        """Each one's values, by its number."""
        found: dict[int, Values] = {}
        for at, handle in enumerate(self._handles):
            values = found[at] = {}
            name = f"system.gpu.{at}."
            utilization = self._ask("nvmlDeviceGetUtilizationRates", handle)
            if utilization is not None:
                values[name + "gpu"] = utilization.gpu
                values[name + "memory"] = utilization.memory
            memory = self._ask("nvmlDeviceGetMemoryInfo", handle)
            if memory is not None and memory.total:
                values[name + "memoryAllocated"] = round(100 * memory.used / memory.total, 3)
                values[name + "memoryAllocatedBytes"] = memory.used
            temperature = self._ask("nvmlDeviceGetTemperature", handle, 0)
            if temperature is not None:
                values[name + "temp"] = temperature
            power = self._ask("nvmlDeviceGetPowerUsage", handle)
            limit = self._ask("nvmlDeviceGetEnforcedPowerLimit", handle)
            if power is not None:
                values[name + "powerWatts"] = power / 1000
                if limit:
                    values[name + "powerPercent"] = round(100 * power / limit, 2)
            if limit:
                values[name + "enforcedPowerLimitWatts"] = limit / 1000
            for clock, number in (("smClock", 1), ("memoryClock", 2)):
                rate = self._ask("nvmlDeviceGetClockInfo", handle, number)
                if rate is not None:
                    values[name + clock] = rate
        return found

    def users(self) -> list[list[tuple[int, int | None]]]:
        """Per GPU the processes on it, with the bytes they hold (None where the driver hides it)."""
        return [
            [
                (process.pid, process.usedGpuMemory)
                for process in self._ask("nvmlDeviceGetComputeRunningProcesses", handle) or ()
            ]
            for handle in self._handles
        ]

    def close(self) -> None:
        if self._nvml is not None:
            self._ask("nvmlShutdown")

    def _ask(self, function: str, *arguments: Any) -> Any:
        """None where this GPU cannot say it."""
        try:
            return getattr(self._nvml, function)(*arguments)
        except (self._nvml.NVMLError, AttributeError):
            return None


def _children_by_parent() -> dict[int, list[int]]:
    """One walk over all processes, for all runs that are sampled now."""
    found: dict[int, list[int]] = {}
    for pid in psutil.pids():
        parent = _parent(pid)
        if parent is not None:
            found.setdefault(parent, []).append(pid)
    return found


def _parent(pid: int) -> int | None:
    if sys.platform == "linux":
        # A third of what psutil takes for it, and this is asked of every process.
        try:
            text = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return None
        return int(text[text.rindex(b")") + 2 :].split(None, 2)[1])
    try:
        return int(psutil.Process(pid).ppid())
    except psutil.Error:
        return None


def _tree(root: int, children: dict[int, list[int]]) -> list[int]:
    found: list[int] = []
    todo = [root]
    while todo and len(found) < 4096:
        pid = todo.pop()
        found.append(pid)
        todo.extend(children.get(pid, ()))
    return found


def _counters(ask: Any) -> Any:
    """None where the system has no such counters, or hides them."""
    try:
        return ask()
    except (OSError, RuntimeError):
        return None
