"""Charts whose specification was saved under an entity by the published client, drawn from the tables
that name them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import Watch
from tests.browser.test_media import LOADING_MS, is_drawn, panel
from tests.support.server import RunningServer

PROJECT = "stored-charts"
TRAINING = """
import json, wandb

LITE = {
    "$schema": "https://vega.github.io/schema/vega-lite/v4.json", "data": {"name": "wandb"},
    "title": "${string:title}", "mark": {"type": "bar", "color": "#ff0000"},
    "encoding": {"x": {"field": "${field:x}", "type": "nominal"},
                 "y": {"field": "${field:y}", "type": "quantitative"}},
}
VEGA = {
    "$schema": "https://vega.github.io/schema/vega/v5.json", "data": [{"name": "wandb"}],
    "scales": [{"name": "x", "type": "band", "domain": {"data": "wandb", "field": "${field:x}"},
                "range": "width"},
               {"name": "y", "domain": {"data": "wandb", "field": "${field:y}"}, "range": "height"}],
    "marks": [{"type": "rect", "from": {"data": "wandb"}, "encode": {"enter": {
        "x": {"scale": "x", "field": "${field:x}"}, "width": {"scale": "x", "band": 1},
        "y": {"scale": "y", "field": "${field:y}"}, "y2": {"scale": "y", "value": 0},
        "fill": {"signal": "datum['${field:y}'] > 5 ? '#00ff00' : '#0000ff'"}}}}],
}
ELSEWHERE = {**LITE, "data": {"url": "https://example.com/rows.json"}}
api = wandb.Api()
for name, spec in (("lite", LITE), ("vega", VEGA), ("elsewhere", ELSEWHERE)):
    api.create_custom_chart(entity="admin", name=name, display_name=name, spec_type="vega2",
                            access="private", spec=spec)
run = wandb.init(project="PROJECT", id="r1")
table = wandb.Table(columns=["kind of", "count.all"], data=[["ant", 12], ["bee", 3], ["cat", 19]])
for name in ("lite", "vega", "elsewhere", "absent"):
    run.log({name: wandb.plot_table(f"admin/{name}", table, {"x": "kind of", "y": "count.all"},
                                    {"title": "Mine"})})
run.finish()
"""


@pytest.fixture(scope="module")
def trained(site: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = str(tmp_path_factory.mktemp("home"))
    own = {"WANDB_BASE_URL": site.base_url, "WANDB_API_KEY": site.admin_key, "WANDB_DIR": home, "HOME": home}
    script = Path(home) / "training.py"
    script.write_text(TRAINING.replace("PROJECT", PROJECT))
    done = subprocess.run(
        [sys.executable, str(script)], env={**os.environ, **own}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(autouse=True)
def one_chart_is_absent(watch: Watch) -> None:
    watch.allowed.append(re.compile("status of 404.*charts/admin/absent"))


COLOURS = """one => {
  const data = one.getContext('2d').getImageData(0, 0, one.width, one.height).data;
  const found = new Set();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 255) found.add([data[at], data[at + 1], data[at + 2]].join());
  }
  return [...found];
}"""


@pytest.mark.parametrize(("name", "colours"), [("lite", {"255,0,0"}), ("vega", {"0,255,0", "0,0,255"})])
def test_a_saved_chart_is_drawn_from_the_columns_that_the_table_names(
    page: Any, trained: None, name: str, colours: set[str]
) -> None:
    page.goto(f"/admin/{PROJECT}/runs/r1?tab=media")
    chart = panel(page, f"{name}_table")
    chart.scroll_into_view_if_needed()
    drawing = chart.get_by_role("img").locator("canvas")
    expect(drawing).to_be_visible(timeout=LOADING_MS)
    assert is_drawn(drawing)
    assert colours <= set(drawing.evaluate(COLOURS))  # each value drawn as the specification says


def test_a_chart_that_asks_for_an_address_and_one_that_nobody_saved_say_so(page: Any, trained: None) -> None:
    page.goto(f"/admin/{PROJECT}/runs/r1?tab=media")
    absent = panel(page, "absent_table")
    absent.scroll_into_view_if_needed()
    expect(absent.get_by_text("admin/absent", exact=False)).to_be_visible(timeout=LOADING_MS)
    absent.get_by_role("radio", name="Table").click()
    expect(absent.get_by_role("gridcell", name="bee")).to_be_visible()
    elsewhere = panel(page, "elsewhere_table")
    elsewhere.scroll_into_view_if_needed()
    expect(elsewhere.get_by_role("img").or_(elsewhere.get_by_role("alert")).first).to_be_visible(
        timeout=LOADING_MS
    )
