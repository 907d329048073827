"""Reports and workspaces written by `wandb-workspaces`: kept without loss, listed, shared, deleted."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from tests.support.server import RunningServer
from tests.support.wandb_clients import NEWEST, WandbClient, environment

PACKAGE = "wandb-workspaces==0.4.13"


@pytest.fixture
def author(shared_server: RunningServer, tmp_path: Path) -> WandbClient:
    """The client beside the package that writes reports."""
    python = environment(PACKAGE.replace("==", "-"), PACKAGE, f"wandb=={NEWEST}")
    return WandbClient(NEWEST, shared_server, tmp_path / "work", python=python)


def test_a_report_is_saved_loaded_changed_listed_and_deleted(author: WandbClient, project: str) -> None:
    found = author.run(
        """
        import wandb_workspaces.reports.v2 as wr

        with wandb.init(project=project, id="r1") as run:
            run.log({"loss": 1.0})
        report = wr.Report(entity="admin", project=project, title="Findings ü", description="what we saw")
        report.blocks = [
            wr.TableOfContents(), wr.H1("Begin"), wr.P(["text ", wr.Link("there", url="http://x.example")]),
            wr.CodeBlock(code="x = 1", language="python"), wr.UnorderedList(items=["a", "b"]),
            wr.PanelGrid(
                runsets=[wr.Runset(entity="admin", project=project, name="all", query="r")],
                panels=[
                    wr.LinePlot(x="Step", y=["loss"], title="Loss", log_y=True),
                    wr.ScalarChart(metric="loss"), wr.MarkdownPanel(markdown="*here*"),
                ],
            ),
        ]
        report.save()
        first = wr.Report.from_url(report.url)
        blocks = [type(block).__name__ for block in first.blocks]
        same = first._to_model().spec.model_dump_json() == report._to_model().spec.model_dump_json()
        first.title = "Renamed"
        first.blocks += [wr.H2("End")]
        first.save()
        api = wandb.Api()
        listed = [(one.name, one.display_name, one.description, one.url == first.url)
                  for one in api.reports(f"admin/{project}")]
        shared = first.enable_share_link()
        again = first.enable_share_link()
        read = wr.Report.from_url(first.url)
        seen = [read.title, len(read.blocks), read.get_share_url() == shared == again]
        first.disable_share_link()
        draft = wr.Report(entity="admin", project=project, title="Draft")
        draft.save(draft=True)
        drafts = len(list(wandb.Api().reports(f"admin/{project}")))
        result([blocks, same, listed, seen, shared, first.get_share_url(), drafts, first.delete(),
                [one.name for one in wandb.Api().reports(f"admin/{project}")]])
        """,
        project=project,
    ).result
    blocks, same, listed, seen, shared, unshared, drafts, deleted, left = found
    assert blocks == ["TableOfContents", "H1", "P", "CodeBlock", "UnorderedList", "PanelGrid"] and same
    assert [(name, words) for _, name, words, _ in listed] == [("Renamed", "what we saw")]
    assert seen == ["Renamed", 7, True] and unshared is None
    assert drafts == 1 and deleted and left == []
    token = shared.partition("accessToken=")[2]
    gone = httpx.get(f"{author.server.base_url}/api/v1/shared-views/{token}")
    assert gone.status_code == 404


def test_a_workspace_is_saved_loaded_and_changed(author: WandbClient, project: str) -> None:
    found = author.run(
        """
        import wandb_workspaces.reports.v2 as wr
        import wandb_workspaces.workspaces as ws

        with wandb.init(project=project, id="r1") as run:
            run.log({"loss": 1.0})
        space = ws.Workspace(
            entity="admin", project=project, name="Mine",
            sections=[
                ws.Section(name="Losses", is_open=True, panels=[
                    wr.LinePlot(x="Step", y=["loss"], smoothing_factor=0.3), wr.BarPlot(metrics=["loss"]),
                ]),
            ],
            settings=ws.WorkspaceSettings(x_axis="Step", smoothing_type="gaussian", max_runs=7),
            runset_settings=ws.RunsetSettings(
                filters="Metric('loss') <= 2", order=[ws.Ordering(ws.Metric("Name"))]
            ),
        )
        space.save()
        loaded = ws.Workspace.from_url(space.url)
        same = loaded._to_model().spec.model_dump_json() == space._to_model().spec.model_dump_json()
        loaded.name = "Renamed"
        loaded.save()
        loaded.save_as_new_view()
        back = ws.Workspace.from_url(space.url)
        result([same, back.name, [section.name for section in back.sections], back.settings.max_runs,
                len(list(wandb.Api().reports(f"admin/{project}"))), loaded.url != space.url])
        """,
        project=project,
    ).result
    assert found == [True, "Renamed", ["Losses"], 7, 0, True]
