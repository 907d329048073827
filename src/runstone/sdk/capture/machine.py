"""The machine a run is on: system, processors, memory, disk, accelerators, and the few environment
variables that change what a training does."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from typing import Any

# Names, or beginnings of names. Anything else stays where it is: environments hold secrets.
_ALLOWED = (
    "CUDA_", "NCCL_", "NVIDIA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "OMP_PROC_BIND", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "KMP_", "GOMP_",
    "TORCH_", "TORCHELASTIC_", "PYTORCH_", "XLA_", "JAX_", "TF_XLA_",
    "TF_GPU_", "TF_CPP_",
    "TF_ENABLE_", "TF_FORCE_", "TF_CUDNN_", "TF_DETERMINISTIC_OPS", "TPU_", "HF_HUB_OFFLINE",
    "HF_DATASETS_OFFLINE",
    "TRANSFORMERS_OFFLINE", "TOKENIZERS_PARALLELISM", "ACCELERATE_", "DEEPSPEED_", "RANK", "LOCAL_RANK",
    "WORLD_SIZE", "LOCAL_WORLD_SIZE", "NODE_RANK", "GROUP_RANK", "MASTER_ADDR", "MASTER_PORT",
    "SLURM_JOB_ID", "SLURM_JOB_NAME", "SLURM_JOB_PARTITION", "SLURM_JOB_NUM_NODES", "SLURM_JOB_NODELIST",
    "SLURM_NTASKS", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_NODEID", "SLURM_CPUS_PER_TASK", "SLURM_GPUS",
    "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_RESTART_COUNT", "SLURM_STEP_ID", "SLURM_CLUSTER_NAME",
    "PBS_JOBID", "PBS_JOBNAME", "LSB_JOBID", "JOB_ID", "OMPI_COMM_WORLD_", "PMI_RANK", "PMI_SIZE",
    "PYTHONHASHSEED", "PYTHONOPTIMIZE", "CONDA_DEFAULT_ENV", "VIRTUAL_ENV", "CUBLAS_WORKSPACE_CONFIG",
)  # fmt: skip


def read(folder: str) -> dict[str, Any]:
    """`folder`: whose disk is meant."""
    found: dict[str, Any] = {
        "os": platform.platform(),
        "host": platform.node(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "python_implementation": platform.python_implementation(),
        "executable": sys.executable,
        "cpu": {"logical": os.cpu_count() or 0},
    }
    model = _cpu_model()
    if model:
        found["cpu"]["model"] = model
    try:
        import psutil

        found["cpu"]["physical"] = psutil.cpu_count(logical=False) or 0
        found["memory"] = {"total": psutil.virtual_memory().total}
        disk = psutil.disk_usage(folder)
        found["disk"] = {"total": disk.total, "used": disk.used}
    except (ImportError, OSError):
        pass
    try:
        found["cpu"]["usable"] = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        pass
    return found | _nvidia()


def variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Those that are allowed, as they are: redaction is the caller's."""
    return {
        name: value[:1000]
        for name, value in sorted(environ.items())
        if any(
            name == allowed or (allowed.endswith("_") and name.startswith(allowed)) for allowed in _ALLOWED
        )
    }


def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith(("model name", "Hardware")):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def _nvidia() -> dict[str, Any]:
    """Accelerators by NVIDIA's library; {} where there are none."""
    try:
        import pynvml
    except ImportError:
        return {}
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return {}
    try:
        gpus = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            gpu: dict[str, Any] = {"index": index}
            for name, ask in (
                ("name", lambda h: _text(pynvml.nvmlDeviceGetName(h))),
                ("uuid", lambda h: _text(pynvml.nvmlDeviceGetUUID(h))),
                ("memory", lambda h: pynvml.nvmlDeviceGetMemoryInfo(h).total),
                ("power_limit", lambda h: pynvml.nvmlDeviceGetEnforcedPowerLimit(h) / 1000),
            ):
                try:
                    gpu[name] = ask(handle)
                except pynvml.NVMLError:
                    continue
            gpus.append(gpu)
        cuda = pynvml.nvmlSystemGetCudaDriverVersion_v2()
        return {
            "gpu": gpus,
            "gpu_driver": _text(pynvml.nvmlSystemGetDriverVersion()),
            "cuda": f"{cuda // 1000}.{cuda % 1000 // 10}",
        }
    except pynvml.NVMLError:
        return {}
    finally:
        pynvml.nvmlShutdown()


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
