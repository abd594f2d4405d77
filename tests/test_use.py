"""The code of docs/use.md: each block runs as it stands, with the path of a real model, where its libraries are installed."""

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tiny
from listill.export import onnx

PAGE = Path(__file__).parents[1] / "docs" / "use.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), flags=re.M | re.S)
NOT_RUN = "# not run by a test: "


def libraries(block: str) -> list[str]:
    """Return the packages that a block imports."""
    names = []
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return sorted({name.partition(".")[0] for name in names})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an exported model in path/to/model."""
    folder = tmp_path_factory.mktemp("use")
    tiny.make_tiny_model(folder / "path" / "to" / "model")
    if importlib.util.find_spec("onnx"):
        onnx.write(folder / "path" / "to" / "model", ["lava"])
    return folder


def test_what_the_page_shows() -> None:
    shown = [libraries(block) for block in BLOCKS]
    for library in ("faiss", "langchain_core", "llama_index", "qdrant_client", "opensearchpy", "onnxruntime"):
        assert any(library in names for names in shown), library
    assert [libraries(block) for block in BLOCKS if block.startswith(NOT_RUN)] == [
        ["opensearchpy", "sentence_transformers"]
    ]


@pytest.mark.parametrize(
    "block", [one for one in BLOCKS if not one.startswith(NOT_RUN)], ids=lambda one: libraries(one)[0]
)
def test_a_block_runs(block: str, model: Path, tmp_path: Path) -> None:
    needed = [*libraries(block), *(["onnx"] if "onnx" in block else [])]
    if missing := [name for name in needed if importlib.util.find_spec(name) is None]:
        pytest.skip(f"{missing[0]} is not installed")
    shutil.copytree(model, tmp_path / "use")
    done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path / "use", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if "print" in block:
        texts = ["Lava flows from the crater.", "The tide comes in.", "Bees make honey."]
        assert sum(text in done.stdout for text in texts) == 2, done.stdout


def test_a_block_that_does_not_run_compiles() -> None:
    for block in BLOCKS:
        if block.startswith(NOT_RUN):
            compile(block, str(PAGE), "exec")


def test_onnxruntime_alone_gives_the_embeddings_of_the_model(model: Path, tmp_path: Path) -> None:
    for name in ("onnx", "onnxruntime"):
        pytest.importorskip(name, reason=f"{name} is not installed")
    (block,) = (one for one in BLOCKS if "onnxruntime" in libraries(one))
    check = (
        "\nfrom sentence_transformers import SentenceTransformer\n"
        "texts = ['Lava flows from the crater.', 'The tide comes in.']\n"
        "other = SentenceTransformer('path/to/model', device='cpu').encode_document(texts)\n"
        "assert np.abs(other - embeddings).max() < 1e-4, np.abs(other - embeddings).max()\n"
    )
    done = subprocess.run([sys.executable, "-c", block + check], cwd=model, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
