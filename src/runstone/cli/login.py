"""`runstone login`: names a server and keeps its key where both clients look for it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from runstone.cli.options import JsonOption
from runstone.cli.output import NOT_SIGNED_IN, note, print_json, reported


def login(
    host: Annotated[
        str | None,
        typer.Argument(help="http(s)://HOST[:PORT]; the local server if none is given.", show_default=False),
    ] = None,
    key: Annotated[
        str | None,
        typer.Argument(help="The API key; asked for, or read from standard input, if not given."),
    ] = None,
    default: Annotated[
        bool, typer.Option("--default/--no-default", help="Make it the server of runs that name none.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Sign in to a server: check the key, keep it in netrc (for the wandb client too).

    A key on the command line shows in the shell's history; leave it out to be asked for it.
    """
    with reported(as_json=as_json):
        from runstone.client import netrc_file
        from runstone.client.connection import Retries
        from runstone.client.credentials import check_base_url, find_base_url, remember_server
        from runstone.client.errors import Misuse
        from runstone.client.native import Client

        address = check_base_url(host) if host else find_base_url()
        if not address:
            raise Misuse("No server is named and no local one runs. Use `runstone login HOST`.")
        given = key or _ask(address)
        with Client(address, given, retries=Retries(attempts=2)) as client:
            me = client.me()
        path = netrc_file.write(address, given)
        if default:
            remember_server(address)
        if as_json:
            print_json({"base_url": address, "username": me.username, "netrc": str(path), "default": default})
            return
        note(f"Signed in to {address} as {me.username}. The key is in {path}.")
        note(f"For the wandb client: export WANDB_BASE_URL={address}")


def _ask(address: str) -> str:
    if sys.stdin.isatty():
        import getpass

        note(f"An API key is on the settings page: {address}/settings")
        key = getpass.getpass("API key (not shown): ").strip()
    else:
        key = sys.stdin.readline().strip()
    if not key:
        note("No key was given; nothing was changed.")
        raise SystemExit(NOT_SIGNED_IN)
    return key
