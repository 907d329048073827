"""Display names for runs that were given none: two words and the run's number in its project.

The number makes the name unique in the project; the words make it easy to say.
"""

from __future__ import annotations

import zlib

_ADJECTIVES = """
    amber ancient ardent autumn balmy bold brave breezy bright brisk calm candid clear clever cosmic
    crimson crisp curious dapper daring deep dewy dusky eager early earnest easy electric fair
    faithful fancy fleet floral fond fresh frosty gentle gilded glad glowing golden graceful grand
    happy hardy hazel hearty hidden humble icy jolly keen kind lively lofty lucid lucky lunar mellow
    merry mild misty modest noble northern olive patient peaceful placid playful polar proud quick
    quiet rapid rosy royal rustic scarlet serene shiny silent silver snowy solar sparkling spring
    stellar still summer sunny swift tidal tranquil upbeat valiant vivid warm wild winter wise
    wistful young zesty
""".split()  # noqa: SIM905 (a list of one word a line reads worse)
_NOUNS = """
    acorn alder anchor aspen aurora badger bay beacon birch bloom breeze brook canyon cedar cliff
    cloud clover comet coral cove crane creek dawn delta dew dune eagle eclipse elm ember falcon
    fern field finch fjord flame forest fox galaxy gale garden glacier glade grove harbor hare
    harvest hawk heath heron hill horizon island jay juniper lagoon lake lark leaf lily lotus lynx
    maple marsh meadow mesa meteor mist moon moss mountain nebula oak oasis ocean orchid otter owl
    peak pebble pine planet plateau plum pond prairie puma quartz rain raven reef ridge river robin
    rose sage salmon sea shadow shore sky snow spark spruce star stone storm stream sun swan thistle
    thunder tide trail tree tulip valley violet wave willow wind wolf wren
""".split()  # noqa: SIM905 (a list of one word a line reads worse)


def default_name(project_id: int, number: int) -> str:
    """ "gentle-otter-12": the same for the same project and number, always."""
    mixed = zlib.crc32(f"{project_id}/{number}".encode())
    adjective = _ADJECTIVES[mixed % len(_ADJECTIVES)]
    noun = _NOUNS[mixed // len(_ADJECTIVES) % len(_NOUNS)]
    return f"{adjective}-{noun}-{number}"
