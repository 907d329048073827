from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class UiBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Filled in with the web build."""

    def initialize(self, version: str, build_data: dict) -> None:  # type: ignore[type-arg]
        return
