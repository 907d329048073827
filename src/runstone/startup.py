"""Half of what `import runstone` costs is one import of msgspec's own: `typing_extensions`, and with it
`inspect`, `ast` and `tokenize`, for three names that Python 3.11 has in `typing` itself. And it tries
whether `typing.ForwardRef` knows an argument that it has from 3.11 on, which is the first `compile()` of
most processes: that makes the 200 classes of a syntax tree, 2 ms with their removal at the end.

So `msgspec._utils` is run here first, without that import and that trial; it falls back to `typing` by
itself, as it does where `typing_extensions` is not installed. Nothing else of the process is touched: other
modules, and other threads, import `typing_extensions` as ever. Saves 15 of 48 ms of CPU in every training
process.
"""

from __future__ import annotations

import sys
import typing
from typing import Any


def spare_typing_extensions() -> None:
    """Before the first import of msgspec. Where anything is not as expected, nothing is done."""
    if sys.version_info < (3, 11) or "msgspec" in sys.modules or "typing_extensions" in sys.modules:
        return
    import builtins
    from importlib.machinery import PathFinder, SourceFileLoader
    from types import ModuleType

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
