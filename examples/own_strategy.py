"""A search strategy of one's own: climb from the best combination so far, by small random steps.

`python examples/own_strategy.py` needs a server (`runstone server`); any number may run at once.
"""

import random

from runstone.client.sweeps import Sweep


class HillClimber:
    def __init__(self) -> None:
        self.best, self.loss = {"x": 0.0, "y": 0.0}, float("inf")

    def ask(self) -> dict[str, float]:
        return {k: max(-5.0, min(5.0, v + random.gauss(0, 0.5))) for k, v in self.best.items()}

    def tell(self, params: dict[str, float], loss: float) -> None:
        if loss < self.loss:
            self.best, self.loss = params, loss


def main(trials: int = 40) -> float:
    space = {"x": {"min": -5.0, "max": 5.0}, "y": {"min": -5.0, "max": 5.0}}
    config = {"method": "custom", "metric": {"name": "loss"}, "parameters": space}
    climber = HillClimber()
    with Sweep.create("own-strategy", config) as sweep:
        for _ in range(trials):
            sweep.enqueue(climber.ask(), reason="a step from the best so far")
            with sweep.ask()[0] as trial:
                loss = (trial.params["x"] - 1) ** 2 + (trial.params["y"] + 2) ** 2
                trial.tell(loss)
                climber.tell(dict(trial.params), loss)
    return climber.loss


if __name__ == "__main__":
    print(f"best loss: {main():.4f}")
