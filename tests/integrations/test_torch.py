"""Libraries over PyTorch: Hugging Face Trainer, Lightning, Keras, Stable-Baselines3."""

from __future__ import annotations

from tests.integrations.conftest import Trainings
from tests.support.integrations import python_with

_MODEL = """
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

torch.manual_seed(3)
model = BertForSequenceClassification(BertConfig(
    vocab_size=64, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
    max_position_embeddings=16, num_labels=2))

class Words(torch.utils.data.Dataset):
    def __len__(self):
        return 64
    def __getitem__(self, at):
        g = torch.Generator().manual_seed(at)
        ids = torch.randint(0, 64, (8,), generator=g)
        return {"input_ids": ids, "attention_mask": torch.ones(8, dtype=torch.long), "labels": ids.sum() % 2}
"""

_TRAIN = """
arguments = TrainingArguments(output_dir="out", num_train_epochs=2, per_device_train_batch_size=8,
    logging_steps=4, eval_strategy="epoch", save_strategy="no", report_to=REPORT, run_name="tiny", seed=3,
    use_cpu=True, dataloader_pin_memory=False, learning_rate=1e-3)
trainer = Trainer(model, arguments, train_dataset=Words(), eval_dataset=Words(), callbacks=CALLBACKS)
trainer.train()
"""

HUGGING_FACE = (
    'REPORT, CALLBACKS = "wandb", []\nos.environ["WANDB_PROJECT"] = PROJECT\n'
    + _MODEL
    + _TRAIN
    + """
run = wandb.run.id
wandb.finish()
result({"run": run, "log": trainer.state.log_history})
"""
)


def test_hugging_face_trainer_reports_all_that_it_logged(trainings: Trainings, same) -> None:
    told = trainings.wandb(python_with("torch"), HUGGING_FACE).result
    run, log = told["run"], told["log"]
    for ours, key in (
        ("train/loss", "loss"),
        ("train/learning_rate", "learning_rate"),
        ("train/grad_norm", "grad_norm"),
        ("eval/loss", "eval_loss"),
    ):
        wanted = [entry[key] for entry in log if key in entry]
        assert wanted and same(trainings.column(run, ours), wanted), ours
    kept = trainings.run(run)
    assert kept["state"] == "finished" and kept["display_name"] == "tiny"
    assert kept["config"]["hidden_size"] == 16 and kept["config"]["per_device_train_batch_size"] == 8
    assert kept["summary"]["train/global_step"] == 16


MODELS = (
    'REPORT, CALLBACKS = "wandb", []\nos.environ["WANDB_PROJECT"] = PROJECT\n'
    'os.environ["WANDB_LOG_MODEL"] = "checkpoint"\n'
    + _MODEL
    + _TRAIN.replace('save_strategy="no"', 'save_strategy="epoch"')
    + """
import wandb
trained = {name: value.clone() for name, value in trainer.model.state_dict().items()}
path = wandb.run.path
wandb.finish()

def weights(folder):
    return BertForSequenceClassification.from_pretrained(folder).state_dict()

def equal(found, wanted):
    return sorted(found) == sorted(wanted) and all(torch.equal(found[key], wanted[key]) for key in wanted)

told = {}
for one in wandb.Api().run(path).logged_artifacts():
    for alias in one.aliases:
        step = alias.rpartition("checkpoint_global_step_")[2] if alias.startswith("checkpoint") else ""
        wanted = trained if alias == "final_model" else weights(f"out/checkpoint-{step}") if step else None
        if wanted is not None:
            told[alias] = [one.type, equal(weights(one.download()), wanted)]
result(told)
"""
)


def test_models_of_the_hugging_face_trainer_come_back_as_they_were(trainings: Trainings) -> None:
    """Each checkpoint, and the model at the end of the training, loaded from what was downloaded."""
    told = trainings.wandb(python_with("torch"), MODELS).result
    assert told == {
        "checkpoint_global_step_8": ["model", True],
        "checkpoint_global_step_16": ["model", True],
        "final_model": ["model", True],
    }


NATIVE_HUGGING_FACE = (
    "import runstone\nfrom runstone.integrations.huggingface import RunstoneCallback\n"
    'REPORT, CALLBACKS = "none", [RunstoneCallback(project=PROJECT)]\n'
    + _MODEL
    + _TRAIN
    + """
run = CALLBACKS[0].run.id
runstone.finish()
result({"run": run, "log": trainer.state.log_history})
"""
)


def test_our_hugging_face_callback_logs_the_same(trainings: Trainings, same) -> None:
    told = trainings.native(python_with("torch"), NATIVE_HUGGING_FACE).result
    run, log = told["run"], told["log"]
    for ours, key in (("train/loss", "loss"), ("train/grad_norm", "grad_norm"), ("eval/loss", "eval_loss")):
        wanted = [entry[key] for entry in log if key in entry]
        assert wanted and same(trainings.column(run, ours), wanted), ours
    kept = trainings.run(run)
    assert kept["state"] == "finished"
    assert kept["config"]["model"]["hidden_size"] == 16 and kept["config"]["trainer"]["seed"] == 3


_LIGHTNING = """
import lightning as L
import torch

class Line(L.LightningModule):
    def __init__(self, lr=0.1, width=4):
        super().__init__()
        self.save_hyperparameters()
        torch.manual_seed(5)
        self.layer = torch.nn.Linear(width, 1)
        self.seen = []

    def training_step(self, batch, number):
        loss = self.layer(batch[0]).pow(2).mean()
        self.log("train_loss", loss)
        if self.global_step % 2 == 1:
            self.seen.append(float(loss))
        return loss

    def validation_step(self, batch, number):
        self.log("val_loss", self.layer(batch[0]).pow(2).mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)

data = torch.utils.data.DataLoader(
    torch.utils.data.TensorDataset(torch.linspace(-1, 1, 64).reshape(16, 4)), batch_size=4)
model = Line()

def fit(logger, callbacks=None):
    trainer = L.Trainer(max_epochs=3, logger=logger, log_every_n_steps=2, enable_progress_bar=False,
                        enable_model_summary=False, accelerator="cpu", default_root_dir="out",
                        enable_checkpointing=callbacks is not None, callbacks=callbacks)
    trainer.fit(model, data, data)
    return trainer
"""

LIGHTNING = (
    _LIGHTNING
    + """
from lightning.pytorch.loggers import WandbLogger

logger = WandbLogger(project=PROJECT, name="line")
trainer = fit(logger)
run = logger.experiment.id
wandb.finish()
result({"run": run, "seen": model.seen, "val": float(trainer.callback_metrics["val_loss"])})
"""
)


def test_lightning_logs_metrics_and_hyperparameters(trainings: Trainings, same) -> None:
    told = trainings.wandb(python_with("torch"), LIGHTNING).result
    run = told["run"]
    assert told["seen"] and same(trainings.column(run, "train_loss"), told["seen"])
    assert len(trainings.column(run, "val_loss")) == 3
    assert same(trainings.column(run, "val_loss")[-1:], [told["val"]])
    kept = trainings.run(run)
    assert kept["state"] == "finished" and kept["display_name"] == "line"
    assert kept["config"]["lr"] == 0.1 and kept["config"]["width"] == 4


CHECKPOINTS = (
    _LIGHTNING
    + """
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import WandbLogger

logger = WandbLogger(project=PROJECT, log_model=True)
best = ModelCheckpoint(monitor="val_loss", mode="min", dirpath="checkpoints")
fit(logger, [best])
path = f"{logger.experiment.entity}/{PROJECT}/model-{logger.experiment.id}"
wandb.finish()

artifact = wandb.Api().artifact(f"{path}:best")
folder = artifact.download(root="downloaded")
wanted = torch.load(best.best_model_path, weights_only=False)
found = torch.load(os.path.join(folder, "model.ckpt"), weights_only=False)
same = {name: torch.equal(value, found["state_dict"][name]) for name, value in wanted["state_dict"].items()}
again = Line.load_from_checkpoint(os.path.join(folder, "model.ckpt"), weights_only=False)
result({"same": same, "step": found["global_step"] == wanted["global_step"], "lr": again.hparams.lr,
        "type": artifact.type, "aliases": sorted(artifact.aliases), "by": artifact.logged_by().id,
        "run": path.rpartition("-")[2], "score": artifact.metadata["score"],
        "val": float(best.best_model_score)})
"""
)


def test_lightnings_checkpoints_come_back_as_they_were(trainings: Trainings) -> None:
    told = trainings.wandb(python_with("torch"), CHECKPOINTS).result
    assert told["same"] == {"layer.weight": True, "layer.bias": True} and told["step"]
    assert told["lr"] == 0.1 and told["type"] == "model" and told["by"] == told["run"]
    assert {"best", "latest"} <= set(told["aliases"])
    assert abs(told["score"] - told["val"]) < 1e-6


NATIVE_LIGHTNING = (
    _LIGHTNING
    + """
import runstone
from runstone.integrations.lightning import RunstoneLogger

logger = RunstoneLogger(project=PROJECT, name="line")
trainer = fit(logger)
run = logger.experiment.id
runstone.finish()
result({"run": run, "seen": model.seen, "val": float(trainer.callback_metrics["val_loss"])})
"""
)


def test_our_lightning_logger_logs_the_same(trainings: Trainings, same) -> None:
    told = trainings.native(python_with("torch"), NATIVE_LIGHTNING).result
    run = told["run"]
    assert told["seen"] and same(trainings.column(run, "train_loss"), told["seen"])
    assert same(trainings.column(run, "val_loss")[-1:], [told["val"]])
    kept = trainings.run(run)
    assert kept["state"] == "finished" and kept["display_name"] == "line" and kept["config"]["lr"] == 0.1


NATIVE_TORCH = """
import runstone, torch
from runstone.integrations.torch import watch

torch.manual_seed(2)
run = runstone.init(project=PROJECT)
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
watching = watch(model, run, every=2)
norms = []
for step in range(6):
    loss = model(torch.ones(4, 3) * (step + 1)).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    norms.append(float(model.weight.grad.norm()))
    watching.step()
    run.log({"loss": float(loss)})
    optimizer.step()
watching.remove()
run.finish()
result({"run": run.id, "norms": norms})
"""


def test_our_torch_watch_logs_the_norms_of_gradients(trainings: Trainings, same) -> None:
    told = trainings.native(python_with("torch"), NATIVE_TORCH).result
    run = told["run"]
    assert same(trainings.column(run, "gradients/weight/norm"), told["norms"][::2])
    assert len(trainings.column(run, "loss")) == 6


STABLE_BASELINES = """
import gymnasium
from stable_baselines3 import PPO
from stable_baselines3.common.monitor import Monitor
from wandb.integration.sb3 import WandbCallback

run = wandb.init(project=PROJECT, sync_tensorboard=True, config={"steps": 256})
env = Monitor(gymnasium.make("CartPole-v1"))
model = PPO("MlpPolicy", env, n_steps=64, batch_size=32, n_epochs=1, tensorboard_log=f"runs/{run.id}", seed=1,
            device="cpu", verbose=0)
model.learn(total_timesteps=256, callback=WandbCallback(verbose=0))
loss = float(model.logger.name_to_value.get("train/loss", float("nan")))
run.finish()
result({"run": run.id, "updates": model._n_updates})
"""


def test_stable_baselines_logs_through_tensorboard(trainings: Trainings) -> None:
    told = trainings.wandb(python_with("torch"), STABLE_BASELINES).result
    run = told["run"]
    kept = trainings.run(run)
    assert kept["state"] == "finished"
    assert kept["config"]["algo"] == "PPO" and kept["config"]["steps"] == 256
    assert trainings.column(run, "global_step")[-1] == 256
    assert len(trainings.column(run, "rollout/ep_rew_mean")) >= 3
    assert "train/loss" in trainings.keys(run)
