"""What `import runstone` need not pay for: half of it would be one import of msgspec's own.

That is `typing_extensions`, and with it `inspect`, `ast` and `tokenize`, for three names that Python 3.11 has
in `typing` itself. And msgspec tries whether `typing.ForwardRef` knows an argument that it has from 3.11 on,
which is the first `compile()` of most processes: that makes the 200 classes of a syntax tree, 2 ms with
their removal at the end. So `msgspec._utils` is run here first, without that import and that trial; it falls
back to `typing` by itself, as it does where `typing_extensions` is not installed. Other modules, and other
threads, import `typing_extensions` as ever. Saves 15 of 48 ms of CPU in every training process.

`platform`, `textwrap` and four parts of msgspec are imported by `uuid` and msgspec for functions that a
training never calls, or not at first. Where the process has not loaded them yet, their place is taken by a
module that loads itself when something of it is first asked for: 5 ms.
"""

from __future__ import annotations

import os
import sys
import typing
from importlib.machinery import ModuleSpec
from threading import RLock
from types import ModuleType
from typing import Any

_lock = RLock()
_loading: set[str] = set()


class _Later(ModuleType):
    """A module whose code has not run yet. It becomes an ordinary one, the same object, when it has."""

    def __getattr__(self, name: str) -> Any:
        if name == "__path__":  # so the import system asks whether this is a package
            raise AttributeError(name)
        _load(self)
        return getattr(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "__class__":
            _load(self)  # it would overwrite what is set before
        ModuleType.__setattr__(self, name, value)  # not super(): it is no `_Later` any more

    def __dir__(self) -> list[str]:
        _load(self)
        return sorted(self.__dict__)


def _load(module: ModuleType) -> None:
    with _lock:
        if type(module) is not _Later:
            return  # by another thread, meanwhile
        name = module.__name__
        if name in _loading:
            raise AttributeError(f"partially initialized module {name!r}")
        _loading.add(name)
        try:
            spec = _spec_of(name)
            loader = spec.loader
            assert loader is not None
            module.__dict__.update(
                __spec__=spec,
                __loader__=loader,
                __package__=spec.parent,
                __file__=spec.origin,
                __cached__=spec.cached,
            )
            loader.exec_module(module)
            module.__class__ = ModuleType  # type: ignore[assignment]
        finally:
            _loading.discard(name)


def _spec_of(name: str) -> ModuleSpec:
    """As the import system finds it. Raises ImportError."""
    path = getattr(sys.modules.get(name.rpartition(".")[0]), "__path__", None)
    for finder in sys.meta_path:
        spec = finder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            return spec
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def put_off(name: str, **known: Any) -> None:
    """From now on `import name` loads it when something of it is first asked for, other than `known`. Where
    it is loaded already, nothing is done. It is not even looked for now: that would be half the price of
    loading it, so `name` is one that is there wherever this runs."""
    if name in sys.modules:
        return
    module = _Later(name, None)
    module.__dict__.update(known, __spec__=ModuleSpec(name, None))
    sys.modules.setdefault(name, module)


def _system() -> str:
    """As `platform.system()` on these systems; `uuid` asks for it when it is imported."""
    return os.uname().sysname


def _c_datetime() -> dict[str, Any]:
    import _datetime  # type: ignore[import-not-found]

    return {name: value for name, value in vars(_datetime).items() if not name.startswith("__")}


def spare_typing_extensions() -> None:
    """Before the first import of msgspec. Where anything is not as expected, nothing is done."""
    if sys.version_info < (3, 11) or "msgspec" in sys.modules or "typing_extensions" in sys.modules:
        return
    import builtins
    from importlib.machinery import PathFinder, SourceFileLoader

    class Typing:
        """`typing` while `msgspec._utils` is run; the real one takes its place before anything of it is
        called."""

        def __getattr__(self, name: str) -> Any:
            return getattr(typing, name)

        def ForwardRef(self, arg: str, *, is_class: bool) -> None:  # noqa: N802
            pass

    running = True

    def without(name: str, space: Any = None, local: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if name == "typing_extensions":
            raise ImportError(name)
        if name == "typing" and not fromlist and running:
            return Typing()
        return builtins.__import__(name, space, local, fromlist, level)

    try:
        spec = PathFinder.find_spec("msgspec")
        places = list(spec.submodule_search_locations or ()) if spec is not None else []
        loader = SourceFileLoader("msgspec._utils", f"{places[0]}/_utils.py")
        code = loader.get_code("msgspec._utils")
        module = ModuleType("msgspec._utils")
        module.__file__ = loader.path
        module.__dict__["__builtins__"] = {**builtins.__dict__, "__import__": without}
        assert code is not None
        exec(code, module.__dict__)  # noqa: S102 (msgspec's own file, as installed)
        if isinstance(module.__dict__.get("typing"), Typing):
            module.__dict__["typing"] = typing
        running = False
    except Exception:
        return
    sys.modules["msgspec._utils"] = module
    if sys.version_info < (3, 12):
        # There `datetime` defines all of its classes in Python before it takes those in C in their place.
        put_off("datetime", **_c_datetime())
    for later in ("textwrap", "msgspec.inspect", "msgspec.json", "msgspec.toml", "msgspec.yaml"):
        put_off(later)
    if sys.platform in ("linux", "darwin"):
        put_off("platform", system=_system)
