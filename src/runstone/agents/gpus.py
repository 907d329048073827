"""Which accelerators each of several trials at once is to see."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

VISIBLE = "CUDA_VISIBLE_DEVICES"


class GpuError(ValueError):
    """What `--gpus` was given cannot be."""


def slots(
    parallel: int | None,
    gpus: str = "",
    *,
    environ: Mapping[str, str] | None = None,
    detected: Sequence[str] | None = None,
) -> list[dict[str, str]]:
    """For each trial at once the variables that it gets beside the agent's own.

    parallel: trials at once; None: one per accelerator where `gpus` names some, else one. gpus: "auto"
    (what the agent sees), "none", or identifiers with commas between. "": as "auto" where several run at
    once, else nothing is changed. With fewer accelerators than trials they are shared, in turn.
    detected: for "auto"; None looks. Raises GpuError.
    """
    env = os.environ if environ is None else environ
    text = gpus.strip()
    if text == "none" or (not text and (parallel or 1) == 1):
        return [{} for _ in range(parallel or 1)]
    named = text not in ("", "auto")
    if named:
        devices = [part.strip() for part in text.split(",")]
        if not all(devices) or any(char.isspace() for part in devices for char in part):
            raise GpuError(f"--gpus {gpus!r:.80} is not understood. Write auto, none, or 0,1,2.")
    else:
        devices = list(find(env) if detected is None else detected)
    if not devices:
        if text == "auto" and parallel is None:
            return [{}]
        return [{} for _ in range(parallel or 1)]
    count = parallel or len(devices)
    order = {} if VISIBLE in env or "CUDA_DEVICE_ORDER" in env else {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    return [{VISIBLE: ",".join(share), **order} for share in _shares(devices, count)]


def find(environ: Mapping[str, str]) -> list[str]:
    """What this process may use: as the environment says, else all that NVIDIA's library knows, by
    their order on the bus. [] without any."""
    given = environ.get(VISIBLE)
    if given is not None:
        # CUDA reads up to the first that is not there, which -1 never is.
        found: list[str] = []
        for part in given.split(","):
            if not part.strip() or part.strip().startswith("-"):
                break
            found.append(part.strip())
        return found
    try:
        import pynvml
    except ImportError:
        return []
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        return [str(index) for index in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:
        return []
    finally:
        pynvml.nvmlShutdown()


def _shares(devices: Sequence[str], count: int) -> list[list[str]]:
    if count >= len(devices):
        return [[devices[place % len(devices)]] for place in range(count)]
    each, more = divmod(len(devices), count)
    shares: list[list[str]] = []
    at = 0
    for place in range(count):
        size = each + (place < more)
        shares.append(list(devices[at : at + size]))
        at += size
    return shares
