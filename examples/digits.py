"""Train a small network on scikit-learn's handwritten digits, and log it.

    python examples/digits.py --hidden 64 --lr 0.1
    python examples/digits.py --client wandb        # the same script by the published wandb client

The data ships with scikit-learn, so nothing is downloaded. The network is plain numpy: one hidden
layer, minibatch gradient descent with momentum.
"""

from __future__ import annotations

import argparse
import importlib
import time
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


class Network:
    """Two dense layers with a ReLU between them."""

    def __init__(self, inputs: int, hidden: int, outputs: int, *, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.weights = [
            rng.normal(0, np.sqrt(2 / inputs), (inputs, hidden)),
            np.zeros(hidden),
            rng.normal(0, np.sqrt(2 / hidden), (hidden, outputs)),
            np.zeros(outputs),
        ]
        self.speed = [np.zeros_like(w) for w in self.weights]

    def forward(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        w1, b1, w2, b2 = self.weights
        hidden = np.maximum(x @ w1 + b1, 0)
        return hidden, softmax(hidden @ w2 + b2)

    def step(
        self, x: np.ndarray, y: np.ndarray, *, lr: float, momentum: float, decay: float
    ) -> tuple[float, float]:
        """One minibatch; returns its loss and the norm of its gradient."""
        hidden, p = self.forward(x)
        n = len(x)
        loss = float(-np.log(p[np.arange(n), y] + 1e-12).mean())
        d_logits = p.copy()
        d_logits[np.arange(n), y] -= 1
        d_logits /= n
        d_hidden = (d_logits @ self.weights[2].T) * (hidden > 0)
        grads = [x.T @ d_hidden, d_hidden.sum(0), hidden.T @ d_logits, d_logits.sum(0)]
        for w, v, g in zip(self.weights, self.speed, grads, strict=True):
            v *= momentum
            v -= lr * (g + decay * w)
            w += v
        return loss, float(np.sqrt(sum((g**2).sum() for g in grads)))

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
        p = self.forward(x)[1]
        loss = float(-np.log(p[np.arange(len(y)), y] + 1e-12).mean())
        return loss, float((p.argmax(axis=1) == y).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--client", choices=("runstone", "wandb"), default="runstone")
    parser.add_argument("--project", default="digits")
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--decay", type=float, default=1e-4)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds to rest after each epoch")
    args = parser.parse_args()

    tracker: Any = importlib.import_module(args.client)
    config = {k: v for k, v in vars(args).items() if k not in ("client", "project", "pause")}
    run = tracker.init(
        project=args.project,
        config=config | {"client": args.client, "optimizer": {"name": "sgd", "momentum": args.momentum}},
        tags=["example", args.client],
        group=f"hidden-{args.hidden}",
    )
    run.define_metric("epoch")
    run.define_metric("val/*", step_metric="epoch")
    run.define_metric("val/accuracy", step_metric="epoch", summary="max")

    digits = load_digits()
    x, y = digits.data / 16.0, digits.target
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    rng = np.random.default_rng(args.seed)
    network = Network(x.shape[1], args.hidden, 10, seed=args.seed)

    for epoch in range(args.epochs):
        order = rng.permutation(len(x_train))
        lr = args.lr * 0.5 * (1 + np.cos(np.pi * epoch / args.epochs))
        began, seen = time.perf_counter(), 0
        for start in range(0, len(order), args.batch):
            rows = order[start : start + args.batch]
            loss, norm = network.step(
                x_train[rows], y_train[rows], lr=lr, momentum=args.momentum, decay=args.decay
            )
            seen += len(rows)
            run.log({"train/loss": loss, "train/gradient_norm": norm, "train/lr": lr, "epoch": epoch})
        val_loss, val_accuracy = network.evaluate(x_val, y_val)
        run.log(
            {
                "val/loss": val_loss,
                "val/accuracy": val_accuracy,
                "train/samples_per_second": seen / (time.perf_counter() - began),
                "epoch": epoch,
            }
        )
        print(f"epoch {epoch + 1:3d}/{args.epochs}  val loss {val_loss:.4f}  accuracy {val_accuracy:.4f}")
        if args.pause:
            time.sleep(args.pause)

    run.summary["parameters"] = int(sum(w.size for w in network.weights))
    run.finish()


if __name__ == "__main__":
    main()
