"""Runs and artifacts: making versions, reading them, linking them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runstone.journal.kinds import ArtifactUsed, Link
from runstone.sdk.artifacts import names
from runstone.sdk.artifacts.artifact import Artifact
from runstone.sdk.artifacts.state import NotLoggedError
from runstone.sdk.errors import UsageError

if TYPE_CHECKING:
    from runstone.client.artifacts import ArtifactVersion
    from runstone.client.native import Client
    from runstone.journal.outcomes import ArtifactOutcome
    from runstone.sdk.run import Run

_clients: dict[tuple[str, str | None], Client] = {}


def log_artifact(
    run: Run,
    given: Artifact | str | os.PathLike[str],
    *,
    name: str | None = None,
    type: str | None = None,
    aliases: Sequence[str] | str | None = None,
    tags: Sequence[str] | str | None = None,
    distributed: str | None = None,
    part: bool = False,
    last: bool = False,
) -> Artifact:
    """part: of a distributed version, which `last` closes."""
    wanted = names.own_aliases(aliases)
    labels = names.tags(tags)
    artifact = _artifact_of(run, given, name, type)
    if artifact._version is not None:
        if wanted:
            artifact.aliases = [*artifact.aliases, *(a for a in wanted if a not in artifact.aliases)]
            artifact.save()
        return artifact
    if artifact._record is not None:
        return artifact
    if part:
        distributed = distributed or artifact.distributed_id or run.group
        if not distributed:
            raise UsageError(
                "A version that several runs make together needs a name for that: pass distributed_id=, or "
                "give the runs a group."
            )
    if run._recorder is None:
        return artifact  # mode disabled
    draft = artifact._drafting()
    if artifact.incremental and not artifact._base:
        _start_from_latest(run, artifact)
    store = run._artifact_store()
    metadata, facts = _sayable(run, artifact)
    record = store.log(
        draft,
        name=artifact._name,
        type=artifact.type,
        description=run._redactor.value(artifact._description, ""),
        metadata=metadata,
        facts=facts,
        aliases=[*dict.fromkeys([*artifact._aliases, *wanted])],
        tags=[*dict.fromkeys([*artifact._tags, *labels])],
        ttl_seconds=artifact._ttl_seconds,
        base=artifact._base,
        distributed=(distributed or "") if part else "",
        last=last or not part,
        links=[Link(target=target, aliases=found) for target, found in artifact._links],
    )
    artifact._run, artifact._record = store, record
    return artifact


METADATA_KEYS_MAX = 100
METADATA_BYTES_MAX = 4 * 1024 * 1024


def _sayable(run: Run, artifact: Artifact) -> tuple[dict[str, Any], dict[str, Any]]:
    """Its metadata and what is known of its content, without secrets. Raises UsageError for what no
    server would take, while the bytes are still there to be logged again."""
    from runstone.sdk.recorder import encode, sound_text

    metadata = run._redactor.value(artifact._metadata, "")
    if len(metadata) > METADATA_KEYS_MAX:
        raise UsageError(
            f"The metadata of artifact {artifact._name!r} has {len(metadata)} keys at the top; the most is "
            f"{METADATA_KEYS_MAX}. Nest them, or put them in a file of the artifact."
        )
    facts = artifact._known_facts()
    if "preprocessing" in facts:
        facts["preprocessing"] = run._redactor.value(facts["preprocessing"], "")
    for what, value in (("metadata", metadata), ("schema, preparation and roles", facts)):
        try:
            size = len(encode(value))
        except UnicodeEncodeError:
            size = len(encode(sound_text(value)))
        if size > METADATA_BYTES_MAX:
            raise UsageError(
                f"The {what} of artifact {artifact._name!r} take {size:,} bytes; the most is "
                f"{METADATA_BYTES_MAX:,}. Put them in a file of the artifact."
            )
    return metadata, facts


def _start_from_latest(run: Run, artifact: Artifact) -> None:
    """The files of the latest version, beneath those that were added. A first version starts empty."""
    from runstone.client.artifacts import ArtifactVersion
    from runstone.client.errors import NotFound

    try:
        latest = ArtifactVersion.by_name(_client(run), run.entity, run.project, artifact._name, "latest")
    except NotFound:
        return
    draft = artifact._drafting()
    artifact._base = latest.id
    mine = set(draft.paths())
    entries = latest.entries()
    draft.take_over(entry for entry in entries if entry.path not in mine)
    artifact._take_facts(latest, entries, steps=artifact._steps is None)


def use_artifact(
    run: Run,
    given: Artifact | str,
    *,
    type: str | None = None,
    aliases: Sequence[str] | None = None,
    use_as: str | None = None,
) -> Artifact:
    """given: also "@ID". In mode offline no server can be asked: a version by its number is noted, and the
    use of it sent with the run; its files cannot be had there. Raises UsageError where an alias is named
    there, and ClientError kinds."""
    if isinstance(given, Artifact):
        artifact = given
        if artifact.is_draft():
            log_artifact(run, artifact)
    elif run.mode != "online":
        artifact = Artifact._by_number(_numbered(run, given), type or "unspecified")
    else:
        from runstone.client.artifacts import ArtifactVersion

        address = names.address(given, entity=run.entity, project=run.project)
        version = ArtifactVersion.by_name(
            _client(run), address.entity, address.project, address.name, address.version
        )
        if type is not None and version.type != type:
            raise UsageError(f"Artifact {given!r} is of type {version.type!r}, not {type!r}.")
        artifact = Artifact._of_version(version)
    artifact.use_as = use_as or artifact.use_as
    used = ArtifactUsed(
        version=str(artifact._version.id) if artifact._version is not None else "",
        logged=artifact._record.id if artifact._version is None and artifact._record is not None else "",
        name=given if isinstance(given, str) else artifact.name,
        digest=artifact.digest if run._recorder is not None and not artifact._number else "",
        use_as=artifact.use_as or "",
        at=time.time(),
    )
    if run._recorder is not None:
        run._artifact_store().use(used)
    if aliases and artifact._version is not None:
        artifact.aliases = [*dict.fromkeys([*artifact.aliases, *names.own_aliases(aliases)])]
        artifact.save()
    return artifact


def _numbered(run: Run, given: str) -> names.Address:
    """Of a version that is the same one whenever this run is synced. Raises UsageError."""
    address = names.address(given, entity=run.entity, project=run.project)
    if not address.version:
        raise UsageError(
            f"use_artifact({given!r}): this run is {run.mode}, and what that is called only a server knows. "
            "Name it by its artifact and number, as 'cats:v3'."
        )
    if not (address.version.startswith("v") and address.version[1:].isdigit()):
        raise UsageError(
            f"use_artifact({given!r}): this run is {run.mode}, and by the time it is synced "
            f"{address.version!r} may be another version. Name the version that is read here by its number, "
            f"as '{address.name}:v3', or use the artifact that was logged here."
        )
    return address


def use_model(run: Run, name: str) -> str:
    artifact = use_artifact(run, name)
    if "model" not in artifact.type:
        raise UsageError(
            f"{name!r} is of type {artifact.type!r}; use_model() reads models. Use use_artifact()."
        )
    folder = artifact.download()
    files = list(artifact.manifest.entries)
    return os.path.join(folder, *files[0].split("/")) if len(files) == 1 else folder


def link_artifact(
    run: Run, artifact: Artifact, target_path: str, aliases: Sequence[str] | None = None
) -> Artifact | None:
    if artifact.is_draft():
        artifact._links.append((target_path, names.own_aliases(aliases)))
        log_artifact(run, artifact)
        return None
    if artifact._version is None and run.mode != "online":
        raise NotLoggedError(
            f"Artifact {artifact.name!r} is not on a server yet. Link it before it is logged: "
            "artifact.link(…), then run.log_artifact(artifact)."
        )
    return artifact.link(target_path, aliases)


def link_model(
    run: Run,
    path: str | os.PathLike[str],
    registered_model_name: str,
    name: str | None = None,
    aliases: Sequence[str] | None = None,
) -> Artifact | None:
    artifact = _artifact_of(run, path, name or f"run-{run.id}-model", "model")
    target = (
        registered_model_name if "/" in registered_model_name else f"model-registry/{registered_model_name}"
    )
    link_artifact(run, artifact, target, aliases)
    return artifact


def log_alone(artifact: Artifact, project: str | None, settings: Any) -> None:
    """A draft outside a run's code: by the current run, or by one that is made for this."""
    from runstone.sdk.init import init
    from runstone.sdk.module import current_or_none

    run = current_or_none()
    if run is not None:
        log_artifact(run, artifact)
        return
    with init(project=project or "uncategorized", job_type="auto", settings=settings) as run:
        log_artifact(run, artifact)


def committed(outcome: ArtifactOutcome, deadline: float | None) -> ArtifactVersion:
    """The version that came of it. The server may be away again by now: asked until the deadline
    (`time.monotonic()`; None: for ever), then raises what kept it away."""
    from runstone.client.artifacts import ArtifactVersion
    from runstone.client.errors import ServerAway, TooMany, Unavailable

    while True:
        try:
            return ArtifactVersion.by_id(client_of(outcome.base_url), outcome.id)
        except (ServerAway, TooMany, Unavailable):
            if deadline is not None and time.monotonic() >= deadline:
                raise


def client_of(base_url: str, api_key: str | None = None) -> Client:
    """One for each server and key, kept for this process."""
    from runstone.client.native import Client

    client = _clients.get((base_url, api_key))
    if client is None:
        if not _clients:
            import atexit

            atexit.register(close_clients)
        client = _clients[(base_url, api_key)] = Client(base_url or None, api_key)
    return client


def close_clients() -> None:
    while _clients:
        _clients.popitem()[1].close()


def _client(run: Run) -> Client:
    """For what a run asks of its server itself."""
    from runstone.sdk.places import api_key

    return client_of(run._base_url, api_key(run.settings))


def _artifact_of(
    run: Run, given: Artifact | str | os.PathLike[str], name: str | None, type: str | None
) -> Artifact:
    if isinstance(given, Artifact):
        return given
    if not isinstance(given, (str, os.PathLike)):
        raise UsageError(f"log_artifact() takes an artifact, a file or a folder, met {given!r}.")
    path = os.fspath(given)
    kind = type or "unspecified"
    fallback = f"run-{run.id}-{os.path.basename(os.path.abspath(path))}"
    artifact = Artifact(name or "".join(c if c.isalnum() or c in "_.-" else "_" for c in fallback), kind)
    if os.path.isdir(path):
        artifact.add_dir(path)
    elif os.path.isfile(path):
        artifact.add_file(path)
    elif "://" in path:
        artifact.add_reference(path)
    else:
        raise UsageError(
            f"log_artifact() takes an artifact, a file or a folder; {path!r} is none that is there."
        )
    return artifact
