"""What a real wandb client streams, written down by a proxy between it and a server."""

from __future__ import annotations

import gzip
import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.server import RunningServer
from tests.support.wandb_clients import WandbClient

_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}

# Ten rows a second of a training loop: scalars, a nested one, a line of console each.
_TRAINING = """
run = wandb.init(project="recording", settings=wandb.Settings(x_file_stream_transmit_interval=INTERVAL))
began = time.monotonic()
step = 0
while time.monotonic() - began < SECONDS:
    run.log({"loss": 1.0 / (step + 1), "acc": step / 1000, "lr": 0.001, "grad": {"norm": 2.5, "max": 9.0},
             "epoch": step // 100, "examples": step * 64})
    print(f"step {step} loss {1.0 / (step + 1):.5f}")
    step += 1
    time.sleep(max(0.0, began + step / 10 - time.monotonic()))
run.finish()
"""


@contextmanager
def recording_proxy(server: RunningServer) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """(its address, the file_stream bodies so far), parsed."""
    bodies: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.endswith("/file_stream"):
                packed = self.headers.get("Content-Encoding") == "gzip"
                bodies.append(json.loads(gzip.decompress(body) if packed else body))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            onward = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            try:
                onward.request(self.command, self.path, body, headers)
                answer = onward.getresponse()
                content = answer.read()
            finally:
                onward.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_HEAD = do_OPTIONS = _pass_on

        def log_message(self, *_: Any) -> None:
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}", bodies
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join(10)


def record_stream(
    server: RunningServer, folder: Path, *, release: str, seconds: float, interval: float
) -> list[dict[str, Any]]:
    """The bodies of one training of that many seconds, sent every `interval` seconds (15 is the
    client's own). The last one says that the run is complete."""
    client = WandbClient(release, server, folder)
    with recording_proxy(server) as (address, bodies):
        env = {"WANDB_BASE_URL": address, "STATS": "on"}
        client.run(_TRAINING, env=env, timeout=seconds + 120, SECONDS=seconds, INTERVAL=interval)
    assert bodies and bodies[-1].get("complete"), bodies[-1:]
    return bodies
