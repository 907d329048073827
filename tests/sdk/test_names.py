"""The front window: which names a user may import, and what importing costs."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from tests.support.journals import merged, patched, rows, run_script

import runstone

NAMES = [
    "AlertLevel", "Api", "Artifact", "Audio", "Config", "Error", "Histogram", "Html", "Image", "Molecule",
    "Object3D", "Plotly", "ResumeError", "Run", "Settings", "Summary", "Table", "UsageError", "Video",
    "__version__", "agent", "alert", "config", "define_metric", "errors", "finish", "init", "link_artifact",
    "link_model", "log", "log_artifact", "log_code", "log_model", "login", "mark_preempting",
    "plot", "run", "save", "setup", "summary", "sweep", "teardown", "unwatch",
    "use_artifact", "use_model", "util", "watch",
]  # fmt: skip


def test_the_list_of_public_names_is_whole() -> None:
    assert sorted(runstone.__all__) == sorted(NAMES)
    assert set(runstone.__all__) <= set(dir(runstone))


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_public_name_is_there(name: str) -> None:
    getattr(runstone, name)
    if hasattr(runstone, "Run") and name not in ("run", "config", "summary"):
        assert getattr(runstone, name) is not None


def test_star_import_works() -> None:
    done = run_script("from runstone import *\nprint(init, Image, log, __version__)")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["controller"])
def test_what_comes_later_says_so(name: str) -> None:
    with pytest.raises(AttributeError, match="not part of this release"):
        getattr(runstone, name)
    with pytest.raises(AttributeError, match="not part of this release"):
        getattr(runstone.init(mode="disabled", reinit=True), name)
    runstone.finish()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'initt'"):
        runstone.initt  # noqa: B018


def modules_after(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_loads_nothing_heavy() -> None:
    loaded = modules_after("import runstone") - modules_after("import msgspec")
    heavy = {
        "numpy", "asyncio", "subprocess", "pathlib", "dataclasses", "socket", "ssl", "urllib.request",
        "http.client",
        "logging", "argparse", "json", "tempfile", "shutil", "httpx", "psutil", "importlib.metadata",
        "runstone.client", "runstone.uplink", "runstone.server", "runstone.sdk.media.image",
    }  # fmt: skip
    assert not loaded & heavy


def test_importing_is_cheap(tmp_path: Path) -> None:
    """CPU of a process that only imports, over one that does not; bytecode cached, least of five."""
    import resource

    def cpu(code: str) -> float:
        least = 9.0
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                [sys.executable, "-c", code], check=True, env={"PYTHONPYCACHEPREFIX": str(tmp_path)}
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            least = min(least, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return least

    msgspec = cpu("import msgspec")
    assert cpu("import runstone") < msgspec * 2.0 + 0.01


def test_an_offline_run_that_logs_a_folder_loads_nothing_heavy(tmp_path: Path) -> None:
    """From the import to the end, again with an artifact that was logged before. Nothing compiles a text
    with `compile()` either (an annotation that is one, say): the first time makes 200 classes."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x").write_bytes(bytes(100_000))
    script = """
        import gc, sys
        before = gc.isenabled()
        import runstone
        settings = {"system": False, "git": False, "packages": False, "code": False, "environment": False}
        run = runstone.init(project="p", mode="offline", dir=sys.argv[1],
                            settings=runstone.Settings(console="off", silent=True, **settings))
        run.log({"x": 1})
        artifact = runstone.Artifact("data", type="dataset")
        artifact.add_dir(sys.argv[1] + "/data")
        run.log_artifact(artifact)
        run.finish()
        assert before and gc.isenabled()
        # A module of the standard library that is put off is no load.
        loaded = [name for name, module in sys.modules.items() if type(module) is type(sys)]
        print(*loaded, *(kind.__name__ + "-classes" for kind in object.__subclasses__()))
    """
    environ = {
        "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode"),  # of the second run: it compiles no modules
        "PYTHONPATH": str(Path(runstone.__file__).parents[1]),
        "RUNSTONE_DATA": str(tmp_path / "home"),
    }
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    for first in (True, False):
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
        heavy = {
            "numpy", "asyncio", "subprocess", "pathlib", "dataclasses", "socket", "ssl", "urllib", "sqlite3",
            "urllib.request", "http.client", "email", "logging", "argparse", "json", "tempfile", "shutil",
            "httpx", "psutil", "importlib.metadata", "inspect", "tokenize", "typing_extensions", "hashlib",
            "platform", "textwrap", "msgspec.inspect",
            "runstone.client", "runstone.uplink", "runstone.server", "runstone.sdk.media.image",
            "runstone.sdk.capture", "runstone.sdk.console", "runstone.sdk.resume", "runstone.content.cache",
        }  # fmt: skip
        assert not heavy & set(done.stdout.split())
        assert first or "AST-classes" not in done.stdout


def test_helpers_do_not_load_the_sdk() -> None:
    code = "import sys, runstone; print('runstone.sdk.run' in sys.modules)"
    command = [sys.executable, "-X", "runstone=helper", "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"


def test_an_ordinary_script_of_the_field_runs(tmp_path: Path) -> None:
    script = """
        import random, sys
        import numpy as np
        import runstone as wandb

        config = {"epochs": 3, "lr": 1e-3, "model": {"width": 8}}
        settings = wandb.Settings(console="off", x_disable_stats=True, disable_git=True)
        with wandb.init(project="demo", config=config, dir=sys.argv[1], mode="offline", tags=["t"],
                        settings=settings) as run:
            wandb.define_metric("epoch")
            wandb.define_metric("val/*", step_metric="epoch", summary="min")
            run_id = wandb.util.generate_id()
            assert len(run_id) == 8
            for epoch in range(wandb.config.epochs):
                wandb.log({"epoch": epoch, "train/loss": 1 / (epoch + 1)}, commit=False)
                wandb.log({"val/loss": np.float32(2 / (epoch + 1))})
            wandb.log({"im": wandb.Image(np.random.rand(4, 4, 3)),
                       "t": wandb.Table(columns=["a"], data=[[1]]),
                       "h": wandb.Histogram(np.random.rand(10)), "html": wandb.Html("<p>"),
                       "cm": wandb.plot.confusion_matrix(y_true=[0, 1], preds=[1, 1])})
            wandb.config.update({"done": True})
            run.summary["best"] = 1
            wandb.run.summary.update({"acc": 0.5})
            wandb.alert(title="t", text="x", level=wandb.AlertLevel.INFO)
            assert wandb.run is run and wandb.run.id and wandb.run.name is not None
        print("ok")
    """
    done = run_script(script, str(tmp_path))
    assert done.stdout == "ok\n", done.stderr
    found = merged(tmp_path)
    assert [round(found[n]["val/loss"], 3) for n in range(3)] == [2.0, 1.0, 0.667]
    assert found[1]["train/loss"] == 0.5
    assert len(rows(tmp_path)) == 7
    assert patched(tmp_path)["done"] is True


@pytest.mark.skipif(sys.version_info < (3, 11), reason="`typing` has all names from 3.11 on")
def test_importing_costs_no_typing_extensions_and_leaves_them_as_they_are() -> None:
    done = run_script(
        """
        import sys
        import runstone
        assert not {"typing_extensions", "inspect", "ast"} & set(sys.modules), "loaded at import"
        import msgspec, typing_extensions
        from typing import NotRequired, TypedDict

        class Map(TypedDict):
            a: int
            b: NotRequired[int]

        assert msgspec.json.decode(b'{"a": 1}', type=Map) == {"a": 1}
        try:
            msgspec.json.decode(b'{"b": 1}', type=Map)
        except msgspec.ValidationError:
            print("as ever")
        """
    )
    assert done.stdout.strip() == "as ever", done.stderr


put_off = pytest.mark.skipif(
    sys.version_info < (3, 11) or sys.platform not in ("linux", "darwin"), reason="nothing is put off there"
)


@put_off
@pytest.mark.parametrize(
    "use",
    [
        "import platform; assert platform.machine() == os.uname().machine and platform.system() == plain",
        "from platform import system, node; assert system() == plain and node() == os.uname().nodename",
        "import platform; assert {'mac_ver', 'system'} <= set(dir(platform))",
        "import platform; assert 'platform.py' in platform.__file__ and 'platform.py' in repr(platform)",
        "import platform; platform.system = len; platform.node(); assert platform.system is len",
        "from platform import *; assert sys.modules['platform'].uname().system == plain",
        "import importlib, platform; assert importlib.reload(platform).system() == plain",
        "import textwrap; assert textwrap.dedent('  x') == 'x'; assert not hasattr(textwrap, 'none')",
        "import pickle, platform; assert pickle.loads(pickle.dumps(platform.uname())) == platform.uname()",
        "import msgspec.inspect as i; assert i.type_info(int) == i.IntType()",
        "import msgspec; assert msgspec.json.schema(list[int])['items'] == {'type': 'integer'}",
        "import inspect, textwrap; assert 'def dedent' in inspect.getsource(textwrap)",
        "import msgspec; assert msgspec.json.decode(msgspec.json.encode({'a': 1})) == {'a': 1}",
        "import msgspec as m; assert m.toml.encode and m.yaml.encode and 'yaml.py' in m.yaml.__file__",
        "import datetime as d; assert d.datetime.__module__ == 'datetime' and d.timedelta(1).days == 1",
        "import datetime as d, pickle; x = d.date(2026, 1, 2); assert pickle.loads(pickle.dumps(x)) == x",
        "from datetime import *; assert date(2026, 1, 2).year == 2026 and timezone.utc and MINYEAR == 1",
        "import datetime as d, _datetime as c; assert 'datetime.py' in d.__file__ and d.date is c.date",
        "import datetime as d, inspect; assert 'class timedelta' in inspect.getsource(d)",
    ],
)
def test_modules_that_are_put_off_are_as_ever_when_they_are_used(use: str) -> None:
    done = run_script(
        f"""
        import os, sys
        import runstone
        plain = os.uname().sysname
        names = ["platform", "textwrap", "msgspec.inspect", "msgspec.json", "msgspec.toml", "msgspec.yaml"]
        names += ["datetime"] * (sys.version_info < (3, 12))
        assert not [name for name in names if type(sys.modules[name]) is type(sys)]
        {use}
        print("as ever")
        """
    )
    assert done.stdout == "as ever\n", done.stderr


@put_off
def test_a_module_that_is_put_off_is_whole_for_each_of_many_threads_that_ask_first() -> None:
    done = run_script(
        """
        import sys, threading
        import runstone, platform
        sys.setswitchinterval(1e-6)
        assert type(platform) is not type(sys)
        barrier, found = threading.Barrier(16), []

        def ask(name):
            barrier.wait()
            found.append(getattr(platform, name))

        names = ["machine", "freedesktop_os_release", "node", "python_version"] * 4
        threads = [threading.Thread(target=ask, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(len(found), type(platform) is type(sys))
        """
    )
    assert done.stdout == "16 True\n", done.stderr
