"""`runstone registry ask`, `approvals`, `approve`, `reject`: protected aliases that several persons move."""

from __future__ import annotations

from typing import Annotated

import typer

from runstone.cli.asking import open_client
from runstone.cli.options import HostOption, JsonOption
from runstone.cli.output import NOT_FOUND, USAGE, fail, note, print_json, print_table
from runstone.cli.query import when
from runstone.cli.registry import Collection, Evidence, Force, KeptReason, Version, evidence_of

_Id = Annotated[int, typer.Argument(help="The request, as `registry approvals` lists it.")]
_Sha256 = Annotated[
    str, typer.Option("--sha256", help="The beginning of the digest that was looked at: no other is meant.")
]
_Comment = Annotated[str, typer.Option("--comment", "-c", help="For the record.")]


def ask(
    collection: Collection,
    version: Version,
    alias: Annotated[str, typer.Argument(help="The protected alias that is to point to it.")],
    reason: KeptReason,
    force: Force = False,
    evidence: Evidence = None,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask others to approve that a protected alias move to a version, as it is now."""
    given = dict(evidence_of("ask", text) for text in evidence or ())
    with open_client(host, as_json=as_json) as client:
        import msgspec

        at = client.registries.in_registry(collection)
        asked = client.registries.ask(at, version, alias, reason=reason, force=force, evidence=given)
        if as_json:
            print_json(msgspec.to_builtins(asked))
        else:
            print(
                f"Request {asked.id}: {asked.version} ({asked.sha256[:12]}) as {asked.alias}; {asked.needed} "
                f"others approve it, `runstone registry approve {collection} {asked.id}`."
            )


def approvals(
    collection: Collection,
    state: Annotated[str, typer.Option(help="open, done or rejected.  [all]")] = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Requests that a protected alias move: the newest first."""
    with open_client(host, as_json=as_json) as client:
        import msgspec

        at = client.registries.in_registry(collection)
        found = list(client.registries.approvals(at, state=state))
        if as_json:
            print_json([msgspec.to_builtins(one) for one in found])
            return
        print_table(
            ("id", "state", "alias", "version", "sha256", "asked by", "when", "approved by", "reason"),
            [
                (
                    one.id,
                    one.state,
                    one.alias,
                    one.version,
                    one.sha256[:12],
                    one.asked_by,
                    when(one.at),
                    " ".join(vote.by for vote in one.votes if vote.approves) + f" (of {one.needed})",
                    one.reason,
                )
                for one in found
            ],
            empty="Nothing was asked for.",
        )


def approve(
    collection: Collection,
    request: _Id,
    sha256: _Sha256 = "",
    comment: _Comment = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve a request; the last word needed moves the alias."""
    _decide(collection, request, True, sha256, comment, host, as_json)


def reject(
    collection: Collection,
    request: _Id,
    sha256: _Sha256 = "",
    comment: _Comment = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Reject a request: the alias stays where it is."""
    _decide(collection, request, False, sha256, comment, host, as_json)


def _decide(
    collection: str, request: int, approves: bool, sha256: str, comment: str, host: str | None, as_json: bool
) -> None:
    verb = "approve" if approves else "reject"
    with open_client(host, as_json=as_json) as client:
        import msgspec

        at = client.registries.in_registry(collection)
        asked = next((one for one in client.registries.approvals(at) if one.id == request), None)
        if asked is None:
            fail(f"runstone registry {verb}: {collection} has no request {request}.", NOT_FOUND)
        if not asked.sha256.startswith(sha256.lower()):
            fail(
                f"runstone registry {verb}: request {request} is for the content {asked.sha256}, not "
                f"{sha256}.",
                USAGE,
            )
        done = client.registries.decide(at, request, approves=approves, sha256=asked.sha256, comment=comment)
        if as_json:
            print_json(msgspec.to_builtins(done))
            return
        have = sum(vote.approves for vote in done.votes)
        said = {"open": f"{have} of {done.needed} have approved", "done": f"{done.alias} has moved"}
        note(f"Request {done.id} ({done.version} {done.sha256[:12]}): {said.get(done.state, done.state)}.")
