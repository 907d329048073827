"""Runstone: the open system of record for machine-learning experiments.

    import runstone

    run = runstone.init(project="mnist", config={"lr": 0.01})
    for epoch in range(10):
        run.log({"loss": 1 / (epoch + 1)})
    run.finish()

Importing the package loads what `init` and `log` need and nothing else; every other name is loaded
when it is first used.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runstone.agents.functions import agent as agent
    from runstone.agents.functions import sweep as sweep
    from runstone.client.api import Api as Api
    from runstone.sdk import plot as plot
    from runstone.sdk import util as util
    from runstone.sdk.artifacts.artifact import Artifact as Artifact
    from runstone.sdk.config import Config as Config
    from runstone.sdk.errors import Error as Error
    from runstone.sdk.errors import ResumeError as ResumeError
    from runstone.sdk.errors import UsageError as UsageError
    from runstone.sdk.init import init as init
    from runstone.sdk.levels import AlertLevel as AlertLevel
    from runstone.sdk.media.documents import Html as Html
    from runstone.sdk.media.documents import Plotly as Plotly
    from runstone.sdk.media.histogram import Histogram as Histogram
    from runstone.sdk.media.image import Image as Image
    from runstone.sdk.media.recordings import Audio as Audio
    from runstone.sdk.media.recordings import Video as Video
    from runstone.sdk.media.scenes import Molecule as Molecule
    from runstone.sdk.media.scenes import Object3D as Object3D
    from runstone.sdk.media.table import Table as Table
    from runstone.sdk.module import alert as alert
    from runstone.sdk.module import define_metric as define_metric
    from runstone.sdk.module import finish as finish
    from runstone.sdk.module import link_artifact as link_artifact
    from runstone.sdk.module import link_model as link_model
    from runstone.sdk.module import log as log
    from runstone.sdk.module import log_artifact as log_artifact
    from runstone.sdk.module import log_code as log_code
    from runstone.sdk.module import log_model as log_model
    from runstone.sdk.module import login as login
    from runstone.sdk.module import mark_preempting as mark_preempting
    from runstone.sdk.module import save as save
    from runstone.sdk.module import setup as setup
    from runstone.sdk.module import teardown as teardown
    from runstone.sdk.module import unwatch as unwatch
    from runstone.sdk.module import use_artifact as use_artifact
    from runstone.sdk.module import use_model as use_model
    from runstone.sdk.module import watch as watch
    from runstone.sdk.run import Run as Run
    from runstone.sdk.settings import Settings as Settings
    from runstone.sdk.summary import Summary as Summary

    run: Run | None
    config: Config
    summary: Summary
    __version__: str

# Where each public name lives; "" for a module itself.
_HOMES = {
    "init": "runstone.sdk.init",
    "Run": "runstone.sdk.run",
    "Config": "runstone.sdk.config",
    "Summary": "runstone.sdk.summary",
    "Settings": "runstone.sdk.settings",
    "AlertLevel": "runstone.sdk.levels",
    "Error": "runstone.sdk.errors",
    "UsageError": "runstone.sdk.errors",
    "ResumeError": "runstone.sdk.errors",
    "Image": "runstone.sdk.media.image",
    "Table": "runstone.sdk.media.table",
    "Histogram": "runstone.sdk.media.histogram",
    "Html": "runstone.sdk.media.documents",
    "Plotly": "runstone.sdk.media.documents",
    "Audio": "runstone.sdk.media.recordings",
    "Video": "runstone.sdk.media.recordings",
    "Object3D": "runstone.sdk.media.scenes",
    "Molecule": "runstone.sdk.media.scenes",
    "Api": "runstone.client.api",
    "agent": "runstone.agents.functions",
    "sweep": "runstone.agents.functions",
    "Artifact": "runstone.sdk.artifacts.artifact",
    **dict.fromkeys(
        (
            "log", "define_metric", "alert", "save", "log_code", "mark_preempting", "watch", "unwatch",
            "finish", "setup", "teardown", "login", "log_artifact", "use_artifact", "link_artifact",
            "log_model", "use_model", "link_model",
        ),
        "runstone.sdk.module",
    ),
}  # fmt: skip
_MODULES = {"plot": "runstone.sdk.plot", "util": "runstone.sdk.util", "errors": "runstone.sdk.errors"}
_OF_CURRENT = {"run": "last", "config": "config_of_current", "summary": "summary_of_current"}

__all__ = sorted([*_HOMES, *_MODULES, *_OF_CURRENT, "__version__"])


def __getattr__(name: str) -> Any:
    if name in _OF_CURRENT:
        return getattr(import_module("runstone.sdk.module"), _OF_CURRENT[name])()
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif name in _MODULES:
        value = import_module(_MODULES[name])
    elif name == "__version__":
        from importlib.metadata import version

        value = version("runstone")
    else:
        from runstone.sdk.errors import unknown_attribute

        raise unknown_attribute("runstone", name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if sys.version_info >= (3, 11) and "msgspec" not in sys.modules:
    from runstone.startup import spare_typing_extensions

    spare_typing_extensions()

# A helper process (uplink, capture, console) is started with `-X runstone=helper` and logs nothing.
if getattr(sys, "_xoptions", {}).get("runstone") != "helper":
    # What is made here stays, so looking for garbage among it six times over is time lost: 1.5 ms.
    _collects = gc.isenabled()
    gc.disable()
    try:
        from runstone.sdk.init import init as init
        from runstone.sdk.module import link_artifact as link_artifact
        from runstone.sdk.module import link_model as link_model
        from runstone.sdk.module import log as log
        from runstone.sdk.module import log_artifact as log_artifact
    finally:
        if _collects:
            gc.enable()
