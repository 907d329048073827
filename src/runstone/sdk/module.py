"""The functions of the package that act on the current run: `runstone.log` and its neighbours."""

from __future__ import annotations

import sys
from typing import Any

from runstone.sdk.errors import NotStartedError
from runstone.sdk.run import Run

_current: Run | None = None


def current(what: str) -> Run:
    """The run that `init` began last and that is not finished. Raises NotStartedError."""
    run = _current
    if run is None or run._finished:
        raise NotStartedError(what)
    return run


def current_or_none() -> Run | None:
    run = _current
    return None if run is None or run._finished else run


def last() -> Run | None:
    """As `current_or_none`, but a finished run stays to be looked at."""
    return _current


def set_current(run: Run | None) -> None:
    global _current
    _current = run


def log(data: Any, step: int | None = None, commit: bool | None = None, sync: bool | None = None) -> None:
    """`Run.log` of the current run."""
    run = _current
    if run is None:
        raise NotStartedError("runstone.log()")
    run.log(data, step, commit)


def define_metric(name: str, *args: Any, **kwargs: Any) -> Any:
    """`Run.define_metric` of the current run."""
    return current("runstone.define_metric()").define_metric(name, *args, **kwargs)


def alert(title: str, text: str = "", level: Any = None, wait_duration: Any = None) -> None:
    """`Run.alert` of the current run."""
    current("runstone.alert()").alert(title, text, level, wait_duration)


def save(glob_str: Any, base_path: str | None = None, policy: str = "live") -> list[str]:
    """`Run.save` of the current run."""
    return current("runstone.save()").save(glob_str, base_path, policy)


def log_code(*args: Any, **kwargs: Any) -> list[str]:
    """`Run.log_code` of the current run."""
    return current("runstone.log_code()").log_code(*args, **kwargs)


def mark_preempting() -> None:
    """`Run.mark_preempting` of the current run."""
    current("runstone.mark_preempting()").mark_preempting()


def watch(models: Any, *args: Any, **kwargs: Any) -> None:
    """`Run.watch` of the current run."""
    current("runstone.watch()").watch(models, *args, **kwargs)


def unwatch(models: Any = None) -> None:
    """`Run.unwatch` of the current run."""
    current("runstone.unwatch()").unwatch(models)


def log_artifact(*args: Any, **kwargs: Any) -> Any:
    """`Run.log_artifact` of the current run."""
    return current("runstone.log_artifact()").log_artifact(*args, **kwargs)


def use_artifact(*args: Any, **kwargs: Any) -> Any:
    """`Run.use_artifact` of the current run."""
    return current("runstone.use_artifact()").use_artifact(*args, **kwargs)


def link_artifact(*args: Any, **kwargs: Any) -> Any:
    """`Run.link_artifact` of the current run."""
    return current("runstone.link_artifact()").link_artifact(*args, **kwargs)


def log_model(*args: Any, **kwargs: Any) -> Any:
    """`Run.log_model` of the current run."""
    return current("runstone.log_model()").log_model(*args, **kwargs)


def use_model(*args: Any, **kwargs: Any) -> str:
    """`Run.use_model` of the current run."""
    return current("runstone.use_model()").use_model(*args, **kwargs)


def link_model(*args: Any, **kwargs: Any) -> Any:
    """`Run.link_model` of the current run."""
    return current("runstone.link_model()").link_model(*args, **kwargs)


def finish(exit_code: int | None = None, quiet: bool | None = None, timeout: float | None = None) -> None:
    """`Run.finish` of the current run; without one there is nothing to do."""
    run = current_or_none()
    if run is not None:
        run.finish(exit_code, quiet, timeout)


def setup(settings: Any = None) -> None:
    """There is nothing to set up: accepted for scripts that call it."""


def teardown(exit_code: int | None = None) -> None:
    """Finish every live run of this process."""
    from runstone.sdk import hooks

    for run in hooks.live_runs():
        run.finish(exit_code)


def login(
    key: str | None = None,
    relogin: bool | None = None,
    host: str | None = None,
    force: bool | None = None,
    timeout: int | None = None,
    verify: bool = False,
    **foreign: Any,
) -> bool:
    """Keep `key` for `host` (netrc), and make that the server of runs that name none. Without a key:
    whether one is known for it. Never asks; `runstone login` does."""
    from runstone.client.credentials import check_base_url, find_base_url, find_credential, remember_server
    from runstone.client.netrc_file import write

    address = check_base_url(host) if host else find_base_url()
    if not key:
        if not address or find_credential(address) is not None:
            return bool(address)
        print(
            f"runstone: no key is known for {address}. Sign in with `runstone login {address}`.",
            file=sys.stderr,
        )
        return False
    if not address:
        raise NotStartedError("runstone.login() with a key names a server: pass host=; it")
    write(address, key)
    if host:
        remember_server(address)
    return True


class NotStarted:
    """Stands for `runstone.config` and `runstone.summary` before `init`."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        raise NotStartedError(f"{self._name}.{attribute}")

    def __setattr__(self, attribute: str, value: Any) -> None:
        raise NotStartedError(f"{self._name}.{attribute}")

    def __getitem__(self, key: str) -> Any:
        raise NotStartedError(f"{self._name}[{key!r}]")

    def __setitem__(self, key: str, value: Any) -> None:
        raise NotStartedError(f"{self._name}[{key!r}]")

    def __repr__(self) -> str:
        return f"<{self._name}: no run yet>"


def config_of_current() -> Any:
    return _current.config if _current is not None else NotStarted("runstone.config")


def summary_of_current() -> Any:
    return _current.summary if _current is not None else NotStarted("runstone.summary")
