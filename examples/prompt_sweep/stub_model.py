"""Stands in for a model server: completions over HTTP, right more often when well prompted.

python stub_model.py [--port 0]

Put the address of a real one in its place: `python evaluate.py --model http://127.0.0.1:8000`.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def answer(prompt: str, temperature: float, seed: int) -> str:
    """A sum, right or nearly so. Cold, the same prompt is answered the same each time."""
    left, right = map(int, re.findall(r"(\d+) \+ (\d+)", prompt)[-1])
    examples = prompt.count("Q:") - 1
    skill = 0.5 + 0.25 * ("step by step" in prompt) + 0.2 * (examples > 0) - 0.4 * temperature
    die = random.Random(f"{prompt}:{seed if temperature else 0}")
    return str(left + right if die.random() < skill else left + right + die.choice((-10, -1, 1, 10)))


class Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one piece

    def do_POST(self) -> None:
        wanted: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = wanted["prompt"]
        text = answer(prompt, wanted.get("temperature", 1.0), wanted.get("seed", 0))
        words = len(prompt.split()) + len(text.split())
        body = json.dumps({"choices": [{"text": f" {text}"}], "usage": {"total_tokens": words}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    server = ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Model)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
