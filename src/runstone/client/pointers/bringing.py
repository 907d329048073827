"""What a pointer's reference stands for, as a file or a folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runstone.client.pointers import dvc, git_lfs, hub
from runstone.client.pointers.proofs import Algorithm, Proof, folder_digest, proof_of
from runstone.client.pointers.sources import bring, shown
from runstone.content.errors import ContentError
from runstone.content.manifest import Entry, Reference
from runstone.content.paths import inside

if TYPE_CHECKING:
    from runstone.client.pointers.places import Places

_SCHEMES = ("lfs:", "dvc:", "hf:")
_NOTHING = Proof("sha256", "")


def is_pointer(reference: Reference) -> bool:
    return reference.uri.startswith(_SCHEMES)


def is_folder(entry: Entry) -> bool:
    """Whether it becomes a folder when it is downloaded."""
    return entry.reference is not None and dvc.is_folder(entry.reference)


def bring_file(entry: Entry, part: str, places: Places) -> int:
    """Write its bytes to the file `part`; how many. Raises ReferenceAway, OSError."""
    reference = entry.reference
    assert reference is not None
    if reference.uri.startswith("lfs:"):
        found, hint = git_lfs.sources(reference, entry.size, places), git_lfs.hint(reference)
    elif reference.uri.startswith("dvc:"):
        found, hint = dvc.sources(reference, places), dvc.hint(reference)
    else:
        found, hint = hub.sources(reference, places), hub.hint(reference, places)
    what = f"{shown(entry.path)} ({shown(reference.uri)})"
    proof = proof_of(entry) or _NOTHING
    return bring(found, part, what=what, size=entry.size, proof=proof, hint=hint)


def bring_folder(entry: Entry, target: str, places: Places, part: str) -> int:
    """Make `target` the folder that it stands for; how many bytes were brought. Files that are right stay,
    and so do others. part: a file to use meanwhile. Raises ContentError for a name or a link that leads out
    of `target`, ReferenceAway, OSError."""
    reference = entry.reference
    assert reference is not None
    if os.path.islink(target):
        raise ContentError(f"File {entry.path!r} leads out of its folder by a link that lies there.")
    files = dvc.bring_list(reference, places, part)
    os.makedirs(target, exist_ok=True)
    wanted = [(file, inside(target, file.path)) for file in files]
    count = 0
    for file, place in wanted:
        proof = Proof(_algorithm(reference), file.md5)
        if os.path.isfile(place) and not os.path.islink(place) and proof.holds_for(place):
            continue
        found = dvc.sources(reference, places, md5=file.md5)
        what = shown(f"{entry.path}/{file.path}")
        count += bring(found, part, what=what, size=-1, proof=proof, hint=dvc.hint(reference))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.replace(part, place)
    return count


def folder_is_right(entry: Entry, root: str) -> bool:
    """Whether `root` has the files, and no others, that it stands for. Raises ContentError, OSError."""
    assert entry.reference is not None
    return folder_digest(root, _algorithm(entry.reference)) == entry.reference.digest


def _algorithm(reference: Reference) -> Algorithm:
    return "md5-dos2unix" if reference.extra.get("hash") == "md5-dos2unix" else "md5"
