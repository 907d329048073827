"""A Kubernetes Job: one agent to a pod, each with an index of its own.

A pod that is told to end (a node is drained, a spot instance goes) gives back what it runs within the
time it is granted. The key stays in a Secret; the manifest only names it.
"""

from __future__ import annotations

import re
from typing import Any

from runstone.agents.engines.jobs import AgentJob, EngineError

Json = Any
GRACE_SECONDS = 60
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?")
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_IMAGE = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9._/:@]{0,499}")
SETTINGS = ("image", "namespace", "name", "secret", "secret_key", "cpus", "memory", "claim", "workdir",
            "service_account", "gpu_resource")  # fmt: skip


def manifest(job: AgentJob) -> dict[str, Json]:
    """The Job. Settings: `image` (needed: holds runstone and the program), `namespace`, `name`, `secret`
    and `secret_key` (where the key lies; `runstone` and `api-key`), `cpus`, `memory`, `workdir`,
    `service_account`, `gpu_resource` (`nvidia.com/gpu`), and `claim`: a PersistentVolumeClaim that is
    mounted where a sweep's directory is. Raises EngineError."""
    job.known(*SETTINGS)
    given = job.settings
    image = given.get("image", "")
    if not _IMAGE.fullmatch(image):
        raise EngineError("--set image=…: name the image that holds runstone and your program.")
    name = _matching(given.get("name", job.name), _LABEL, "name")
    container: dict[str, Json] = {
        "name": "agent",
        "image": image,
        "command": [_literal(word) for word in ["runstone", *job.agent()]],
        "env": _environment(job),
        "resources": _resources(job),
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod: dict[str, Json] = {
        "restartPolicy": "OnFailure",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "automountServiceAccountToken": False,
        "containers": [container],
    }
    if "workdir" in given:
        container["workingDir"] = _absolute(given["workdir"], "workdir")
    if "service_account" in given:
        pod["serviceAccountName"] = _matching(given["service_account"], _LABEL, "service_account")
    if "claim" in given:
        where = _absolute(job.sweep, "the sweep's directory")
        container["volumeMounts"] = [{"name": "sweep", "mountPath": where}]
        claim = _matching(given["claim"], _LABEL, "claim")
        pod["volumes"] = [{"name": "sweep", "persistentVolumeClaim": {"claimName": claim}}]
    metadata: dict[str, Json] = {"name": name, "labels": {"app.kubernetes.io/name": "runstone-agent"}}
    if "namespace" in given:
        metadata["namespace"] = _matching(given["namespace"], _LABEL, "namespace")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": {
            "completionMode": "Indexed",
            "completions": job.agents,
            "parallelism": job.agents,
            "backoffLimit": 6 * job.agents,
            "template": {"metadata": {"labels": {"app.kubernetes.io/name": "runstone-agent"}}, "spec": pod},
        },
    }


def job_file(job: AgentJob) -> str:
    """The manifest as YAML."""
    import yaml

    return str(yaml.safe_dump(manifest(job), sort_keys=False, allow_unicode=True, width=1_000))


def _environment(job: AgentJob) -> list[dict[str, Json]]:
    if not job.base_url:
        return []
    secret = _matching(job.settings.get("secret", "runstone"), _LABEL, "secret")
    key = _matching(job.settings.get("secret_key", "api-key"), _KEY, "secret_key")
    return [
        {"name": "RUNSTONE_BASE_URL", "value": _literal(job.base_url)},
        {"name": "RUNSTONE_API_KEY", "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}},
    ]


def _resources(job: AgentJob) -> dict[str, Json]:
    wanted = {}
    for setting, resource in (("cpus", "cpu"), ("memory", "memory")):
        if setting in job.settings:
            wanted[resource] = _matching(job.settings[setting], _QUANTITY, setting)
    limits = {key: value for key, value in wanted.items() if key == "memory"}
    if job.gpus:
        limits[job.settings.get("gpu_resource", "nvidia.com/gpu")] = str(job.gpus)
    return {key: value for key, value in (("requests", wanted), ("limits", limits)) if value}


def _literal(word: str) -> str:
    """Kubernetes replaces $(NAME) in commands and values; a word of ours means what it says."""
    return word.replace("$", "$$")


def _matching(value: str, pattern: re.Pattern[str], name: str) -> str:
    if not pattern.fullmatch(value):
        raise EngineError(f"{name} is {value!r:.100}, which Kubernetes does not take.")
    return value


def _absolute(path: str, name: str) -> str:
    if not path.startswith("/") or ":" in path:
        raise EngineError(f"{name} is {path!r:.100}; in a pod it is an absolute path without a colon.")
    return path
