"""`runstone server`: everything in one process; `runstone worker`: background work in another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runstone.cli.output import USAGE, fail

DataOption = Annotated[
    Path | None,
    typer.Option(help="Data directory.  [default: RUNSTONE_DATA, else ~/.runstone]", show_default=False),
]


def server(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]", show_default=False)
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port; 0 is any free one.  [default: 8080]", show_default=False)
    ] = None,
    data: DataOption = None,
    admin_key_file: Annotated[
        Path | None, typer.Option(help="Read the admin's key here instead of making one.", show_default=False)
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(help="The address people use, behind a proxy: http(s)://HOST[:PORT][/PREFIX]."),
    ] = None,
    allowed_host: Annotated[
        list[str] | None, typer.Option(help="A further name this server is called by (repeatable).")
    ] = None,
    allowed_origin: Annotated[
        list[str] | None, typer.Option(help="Another site whose pages may call the API (repeatable).")
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None, typer.Option(help="Address of a proxy whose X-Forwarded-* counts (repeatable).")
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="Answer https with this certificate (PEM, its chain behind it).")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The certificate's private key (PEM).")] = None,
    access_log: Annotated[
        bool | None, typer.Option("--access-log/--no-access-log", help="A line per request.")
    ] = None,
    jobs: Annotated[
        bool | None,
        typer.Option("--jobs/--no-jobs", help="Do background work; without, `runstone worker` does it."),
    ] = None,
    uplink: Annotated[
        bool | None,
        typer.Option("--uplink/--no-uplink", help="Take in runs that wait in the data directory."),
    ] = None,
) -> None:
    """Serve the API, the web UI and the wandb wire; everything lies in one directory."""
    # Imported here: a server's libraries would make every other command slow to start.
    from runstone.server.domain.errors import RunstoneError
    from runstone.server.run import serve
    from runstone.server.settings import ServerSettings

    try:
        settings = ServerSettings.load(
            host=host,
            port=port,
            data=data,
            admin_key_file=admin_key_file,
            base_url=base_url,
            allowed_hosts=allowed_host,
            allowed_origins=allowed_origin,
            trusted_proxies=trusted_proxy,
            tls_cert=tls_cert,
            tls_key=tls_key,
            access_log=access_log,
            jobs=jobs,
            start_uplink=uplink,
        )
    except RunstoneError as error:
        fail(f"runstone server: {error.message}", USAGE)
    raise SystemExit(serve(settings) or 0)


def worker(data: DataOption = None) -> None:
    """Do background work beside servers that share a PostgreSQL database, with the environment they have."""
    from runstone.server.domain.errors import RunstoneError
    from runstone.server.settings import ServerSettings
    from runstone.server.work import work

    try:
        settings = ServerSettings.load(data=data)
    except RunstoneError as error:
        fail(f"runstone worker: {error.message}", USAGE)
    raise SystemExit(work(settings))
