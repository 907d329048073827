"""Train a small network on handwritten digits, and log how it does: what a sweep tries.

python train.py                        # once, with these defaults
runstone sweep run sweep.yaml --agents 2
"""

from __future__ import annotations

import warnings

from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import runstone


def main() -> None:
    defaults = {"lr": 1e-3, "width": 32, "optimizer": "adam", "epochs": 8}
    run = runstone.init(project="digits-sweep", config=defaults)
    config = run.config  # in a sweep: with the trial's parameters over the defaults
    digits = load_digits()
    inputs, labels = digits.data / 16.0, digits.target
    train_x, test_x, train_y, test_y = train_test_split(inputs, labels, test_size=0.3, random_state=0)
    network = MLPClassifier(
        (config.width,),
        solver=config.optimizer,
        learning_rate_init=config.lr,
        momentum=config.get("momentum", 0.9),
        max_iter=1,
        warm_start=True,
        random_state=0,
    )
    for _ in range(config.epochs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # one epoch at a time is meant
            network.fit(train_x, train_y)
        guessed = network.predict_proba(test_x)
        run.log({"loss": log_loss(test_y, guessed), "accuracy": network.score(test_x, test_y)})
    run.finish()


if __name__ == "__main__":
    main()
