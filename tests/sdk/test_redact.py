"""Secrets are taken out, and ordinary text is left alone. The secrets are made here, from parts, so
that none of them looks real to those who search for lost keys."""

from __future__ import annotations

import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.sdk.redact import HIDDEN, Redactor, environment_secrets, is_secret_name

rng = random.Random(20)


def of(alphabet: str, count: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(count))


ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
B64 = ALNUM + "+/"
BASE36 = string.ascii_lowercase + string.digits

# (text, the part that must not be left)
SECRETS: list[tuple[str, str]] = []


def planted(template: str, secret: str) -> None:
    SECRETS.append((template.replace("@@", secret), secret))


planted("key id @@ in use", "AK" + "IA" + of(string.ascii_uppercase + string.digits, 16))
planted("AS key @@", "AS" + "IA" + of(string.ascii_uppercase + string.digits, 16))
planted("aws_secret_access_key = @@", of(B64, 40))
planted("AWS_SECRET_ACCESS_KEY=@@", of(B64, 40))
planted("token: @@", "gh" + "p_" + of(ALNUM, 36))
planted("pushed with @@.", "gh" + "o_" + of(ALNUM, 36))
planted("PAT @@", "github" + "_pat_" + of(ALNUM, 22) + "_" + of(ALNUM, 40))
planted("gitlab @@", "glp" + "at-" + of(ALNUM, 20))
planted("huggingface-cli login --token @@", "hf" + "_" + of(ALNUM, 34))
planted("loaded with @@ from hub", "hf" + "_" + of(ALNUM, 34))
planted("openai @@", "sk" + "-" + of(ALNUM, 48))
planted("openai @@", "sk" + "-proj-" + of(ALNUM + "_-", 60) + "a")
planted("claude @@", "sk" + "-ant-api03-" + of(ALNUM, 60))
planted("stripe @@", "sk" + "_live_" + of(ALNUM, 24))
planted("slack @@", "xox" + "b-" + of(string.digits, 12) + "-" + of(ALNUM, 24))
planted("https://hooks.slack.com/services/@@", "T" + of(ALNUM, 8) + "/B" + of(ALNUM, 8) + "/" + of(ALNUM, 24))
planted("https://discord.com/api/webhooks/@@", of(string.digits, 18) + "/" + of(ALNUM, 60))
planted("google @@", "AI" + "za" + of(ALNUM, 35))
planted("oauth @@", "ya29" + "." + of(ALNUM, 60))
planted("npm @@", "npm" + "_" + of(ALNUM, 36))
planted("upload @@", "pypi" + "-AgEI" + of(ALNUM, 60))
planted("docker @@", "dckr" + "_pat_" + of(ALNUM, 27))
planted("mail @@", "SG" + "." + of(ALNUM, 22) + "." + of(ALNUM, 43))
planted("databricks @@", "da" + "pi" + of(HEX, 32))
planted("replicate @@", "r8" + "_" + of(ALNUM, 37))
planted("groq @@", "gs" + "k_" + of(ALNUM, 52))
planted("vault @@", "hvs" + "." + of(ALNUM, 30))
planted("nvidia @@", "nva" + "pi-" + of(ALNUM, 60))
planted("wandb login @@", "local" + "-" + of(BASE36, 40))
planted("WANDB_API_KEY=@@", of(HEX, 40))
planted("export WANDB_API_KEY=@@ && python train.py", of(HEX, 40))
planted("RUNSTONE_API_KEY=@@", "local-" + of(BASE36, 40))
planted("bot @@ started", of(string.digits, 9) + ":AA" + of(ALNUM, 33))
planted("jwt @@", "eyJ" + of(ALNUM, 20) + ".eyJ" + of(ALNUM, 40) + "." + of(ALNUM, 43))
planted("Authorization: Bearer @@", of(ALNUM, 30))
planted('curl -H "Authorization: Basic @@"', of(B64, 28))
planted("x-api-key: @@", of(ALNUM, 24))
planted("postgresql://user:@@@db.example.com/runs", "pa55" + "w0rd")
planted("git clone https://someone:@@@github.com/a/b.git", of(ALNUM, 20))
planted("redis://:@@@cache:6379/0", "sup3rs3cret")
planted("password=@@", "hunter2")
planted("--password @@ --epochs 3", "Tr0ub4dor&3")
planted("PASSWORD: '@@'", "correct horse")
planted('{"password": "@@", "user": "me"}', "s3cr3t!")
planted('db_passwd = "@@"', "opensesame")
planted("api_key=@@", "abc123")
planted("--api-key=@@", of(ALNUM, 12))
planted("apiKey: '@@'", of(ALNUM, 20))
planted("client_secret=@@&grant_type=x", of(ALNUM, 24))
planted("access_token: @@", of(ALNUM, 20))
planted("secret_key = '@@'", "django-" + of(ALNUM, 40))
planted("--token @@", of(ALNUM, 24) + "9aB")
planted("token = @@", "a1B2c3D4e5F6g7H8i9J0")
planted("https://bucket.s3.amazonaws.com/x?X-Amz-Signature=@@&a=1", of(HEX, 64))
planted("https://acc.blob.core.windows.net/c?sv=2024&sig=@@", of(ALNUM, 40) + "%3D")
planted("AccountKey=@@==;EndpointSuffix=core.windows.net", of(B64, 86))
planted("HF_TOKEN=@@", "hf_" + of(ALNUM, 34))
planted("private_key: @@", of(ALNUM, 40))

INNOCENT = """\
epoch 3 step 1200 loss 0.123 acc 0.98 tokens/s 45312
tokenizer=bert-base-uncased max_tokens=512 num_tokens: 1048576
pad_token=[PAD] eos_token=<|endoftext|> bos_token_id=1
token accuracy: 0.931
Saving checkpoint to /data/runs/2026-11-22/model_0001200.safetensors
https://github.com/huggingface/transformers.git
https://example.com/path?step=3&key=loss
commit 5fcb961a0de1f3c9b7a8e6d5c4b3a29180716253
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
md5 checksum d41d8cd98f00b204e9800998ecf8427e matches
run id k3x9v2aa started
uuid 123e4567-e89b-12d3-a456-426614174000
CUDA_VISIBLE_DEVICES=0,1,2,3 NCCL_DEBUG=INFO
sort_key=loss group_key=model primary_key=user_id
key = value
the key idea of attention is that keys and queries match
password: incorrect
Enter your password:
password must be at least 8 characters
no token found, continuing
authentication failed for user
author: Ada Lovelace
passed 12 tests, 3 passing
pass 2 of 3
bypass=true compass=north
Wrong password
secretary of state
keyboard interrupt
monkey patch applied
lr=0.001 wd=0.01 betas=(0.9, 0.999) eps=1e-08
GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-5f3e1a2b)
  File "/usr/lib/python3.11/site-packages/torch/nn/modules/module.py", line 1501, in _call_impl
RuntimeError: CUDA error: device-side assert triggered
100%|██████████| 938/938 [00:12<00:00, 75.31it/s, loss=0.0412]
\x1b[32mINFO\x1b[0m Starting training with seed=42
{"loss": 0.5, "epoch": 3, "key": "value"}
--tokenizer gpt2 --num-keys 8 --attention flash
AdamW (lr: 0.0003 weight_decay: 0.1)
weights: high, through, right
aws s3 cp s3://bucket/key local/path
http://localhost:8080/entity/project/runs/abc12345
ssh user@host.example.com
mean_token_accuracy=0.9123 key_padding_mask=None
api_version=v1 apikey_required=false
use_auth_token=True token=None
password=None
secret=false
layer.0.attention.self.key.weight torch.Size([768, 768])
max_position_embeddings=131072 rope_theta=500000.0
2026-11-22 10:15:00,123 INFO root: step=1000 throughput=12.5k tokens/sec
dataset: wikitext-103-raw-v1 split=train[:10%]
hash_key=resnet50-v2-imagenet
cookie policy accepted
pat-a-cake pat-a-cake
{'key': 'train/loss', 'token': 'hello', 'secret': None}
sk-learn is not sklearn
model.embed_tokens.weight
""".splitlines()


def test_there_are_enough_of_both() -> None:
    assert len(SECRETS) >= 50
    assert len(INNOCENT) >= 50


@pytest.mark.parametrize(("text", "secret"), SECRETS, ids=[f"secret{n}" for n in range(len(SECRETS))])
def test_a_planted_secret_is_taken_out(text: str, secret: str) -> None:
    found = Redactor().text(text)
    assert secret not in found
    assert HIDDEN in found
    assert Redactor().text(found) == found  # once is enough


@pytest.mark.parametrize("text", INNOCENT)
def test_an_innocent_line_stays_as_it_is(text: str) -> None:
    assert Redactor().text(text) == text


@pytest.mark.parametrize(("text", "secret"), SECRETS, ids=[f"secret{n}" for n in range(len(SECRETS))])
def test_a_planted_secret_is_taken_out_of_a_long_line(text: str, secret: str) -> None:
    line = "epoch 3 " * 50 + text + " loss 0.5" * 50
    assert secret not in Redactor().text(line)


def test_private_keys_go_whole() -> None:
    body = "\n".join(of(B64, 64) for _ in range(5))
    for kind in ("RSA ", "OPENSSH ", "EC ", ""):
        text = f"before\n-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----\nafter"
        assert Redactor().text(text) == f"before\n{HIDDEN}\nafter"
    assert Redactor().text(f"x\n-----BEGIN PRIVATE KEY-----\n{body}") == f"x\n{HIDDEN}"  # cut off


def test_exact_values_go_wherever_they_stand() -> None:
    redact = Redactor(["my own key", "short"])
    assert redact.text("a my own key b (my own key)") == f"a {HIDDEN} b ({HIDDEN})"
    assert redact.text("short words stay") == "short words stay"


def test_command_lines() -> None:
    secret = of(ALNUM, 20) + "7xQ"
    found = Redactor().arguments(
        ["train.py", "--token", secret, "--lr", "0.1", f"--api-key={secret}", "--password", "hunter2",
         "--key",
         "loss",
         "--verbose", f"db.password={secret}", "--tokenizer", "gpt2", f"https://a:{secret}@b.c/d"]
    )  # fmt: skip
    assert secret not in " ".join(found)
    assert "hunter2" not in found
    assert found[:2] == ["train.py", "--token"]
    assert found[3:5] == ["--lr", "0.1"]
    assert "loss" in found
    assert "gpt2" in found


def test_values_are_redacted_by_the_names_they_have() -> None:
    redact = Redactor()
    assert redact.value({"a": {"password": "x1", "lr": 0.1, "n": [{"api_key": "k9"}]}, "token": 3}) == {
        "a": {"password": HIDDEN, "lr": 0.1, "n": [{"api_key": HIDDEN}]},
        "token": 3,
    }
    assert redact.value("abc", "db_password") == HIDDEN
    assert redact.value("", "password") == ""
    assert redact.value(None, "password") is None


@pytest.mark.parametrize(
    "name", ["password", "DB_PASSWORD", "apiKey", "api-key", "OPENAI_API_KEY", "aws_secret_access_key",
             "hfToken",
             "client.secret", "GITHUB_TOKEN", "secret", "MY_CREDENTIALS"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["tokenizer", "max_tokens", "keys", "keyboard", "monkey", "author", "passed", "n_tokens", "loss",
             "path", "patience", "spin", "pinned", "compass"],
)  # fmt: skip
def test_names_of_other_things(name: str) -> None:
    assert not is_secret_name(name)


def test_the_environment_gives_up_its_secrets_and_nothing_else() -> None:
    found = environment_secrets(
        {"HF_TOKEN": "hf_" + of(ALNUM, 34), "PWD": "/home/me", "PATH": "/usr/bin",
         "DB_PASSWORD": "long enough",
         "X_PASSWORD": "short", "SSH_AUTH_SOCK": "/run/ssh", "LOSS": "mse_loss_name"}
    )  # fmt: skip
    assert len(found) == 2
    assert "long enough" in found


@given(st.text(max_size=300))
def test_any_text_is_survived_and_redacting_twice_changes_nothing(text: str) -> None:
    once = Redactor().text(text)
    assert Redactor().text(once) == once


def test_ordinary_lines_cost_little() -> None:
    redact = Redactor([of(ALNUM, 20) for _ in range(10)])
    line = "epoch 3 step 1200 loss 0.123 acc 0.98 lr 0.0003 grad_norm 1.23 it/s 75.3"
    redact.text("key=1")  # compiles
    began = time.process_time()
    for _ in range(2000):
        redact.text(line)
    assert (time.process_time() - began) / 2000 < 50e-6


def test_no_line_costs_without_bound() -> None:
    for hostile in ("a" * 100_000 + "=", "key " * 20_000, "://" * 30_000,
                    "-----BEGIN " * 10_000 + "PRIVATE KEY-----",
                    "password" * 10_000, "a.b-c_" * 20_000 + "token x", '"' * 50_000 + "key"):  # fmt: skip
        began = time.process_time()
        Redactor().text(hostile)
        assert time.process_time() - began < 2.0
