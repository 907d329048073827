"""What the SDK raises. Only misuse raises, at the call that is wrong; trouble with disks, servers and
networks never reaches the training loop (see `recorder`)."""

from __future__ import annotations


class Error(Exception):
    """Any error of the SDK."""


class UsageError(Error, ValueError):
    """The call itself is wrong: a value of the wrong kind, a name that is not allowed."""


class NotStartedError(UsageError):
    """There is no run yet."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} needs a run. Call runstone.init() first.")


class ResumeError(Error):
    """`init(resume=…)` met a run, or none, where that is not wanted; or the server did not say."""


def unknown_attribute(module: str, name: str) -> AttributeError:
    if name.lower().startswith(_LATER) or name.lower().endswith(_LATER):
        return AttributeError(
            f"{module}.{name} is not part of this release. A strategy of your own proposes trials through "
            "runstone.client.sweeps.Sweep: ask and tell, or enqueue."
        )
    return AttributeError(f"module {module!r} has no attribute {name!r}")


_LATER = ("controller",)
