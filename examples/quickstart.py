"""The whole tutorial: run this, then `runstone server` (or the other way round), and look.

python examples/quickstart.py
"""

from __future__ import annotations

import math
import random
import time

import runstone

with runstone.init(project="quickstart", config={"lr": 0.01, "optimizer": "adam"}) as run:
    run.define_metric("accuracy", summary="max")
    for step in range(200):
        loss = math.exp(-step / 60) + random.random() / 20
        run.log({"loss": loss, "accuracy": 1 - loss / 1.1})
        if step % 50 == 0:
            print(f"step {step}: loss {loss:.3f}")
        time.sleep(0.01)
