"""Two processes (gloo) train the same model as a single process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import tiny_training
from listill.training.processes import Processes


def train(
    count: int, model: Path, folder: Path, recipe: dict[str, object], sizes: list[int]
) -> dict[str, torch.Tensor]:
    folder.mkdir()
    script = Path(tiny_training.__file__)
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(count)] if count > 1 else []
    command = [sys.executable, *launcher, str(script), str(model), str(folder), str(folder / "out.pt")]
    paths = os.pathsep.join([str(script.parent), *sys.path])
    subprocess.run(
        [*command, json.dumps(recipe), json.dumps(sizes)],
        check=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": paths},
    )
    weights: dict[str, torch.Tensor] = torch.load(folder / "out.pt", weights_only=True)["weights"]
    return weights


@pytest.mark.parametrize(
    ("sizes", "lora"),
    [([22], None), ([13, 6], {"rank": 4})],
    ids=["one corpus", "two corpora with adapters"],
)
def test_two_processes_and_one_give_the_same_model(
    tiny_model: Path, tmp_path: Path, sizes: list[int], lora: dict[str, int] | None
) -> None:
    """Batches of 5 with a remainder of 2, and chunks that cannot be shared equally, some computed twice."""
    losses = {"listwise": 1, "infonce": 0.2, "anchor": 2, "anchor_kl": 0.5}
    recipe: dict[str, object] = {"epochs": 3, "learning_rate": 1e-3, "memory": 1e-3, "losses": losses, "lora": lora}
    one = train(1, tiny_model, tmp_path / "one", recipe, sizes)
    two = train(2, tiny_model, tmp_path / "two", recipe, sizes)
    start = tiny_training.training(tiny_model, recipe).untrained
    assert max((one[name] - start[name].cpu()).abs().max() for name in one if one[name].is_floating_point()) > 1e-3
    # Softmax does not depend on the bias of the keys. Its gradient is 0 except for rounding, which AdamW scales to full
    # steps.
    for name in one.keys() - {name for name in one if name.endswith("key.bias")}:
        torch.testing.assert_close(two[name], one[name], atol=2e-5, rtol=1e-3, msg=name)


def test_a_single_process() -> None:
    processes = Processes()
    tensor = torch.tensor([1.0, 2.0])
    assert processes.first
    assert processes.share([1, 2, 3]) == [1, 2, 3]
    assert processes.sum(tensor).tolist() == [1.0, 2.0]
    assert processes.agree("x") == "x"
    assert not processes.any(False, torch.device("cpu"))
