# listill: `make demo` and `make test` need Python 3.11 or later with pip, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A CPU build of torch is asked for first; where it is not offered, the default build is taken.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH := $(shell grep -i '^torch==' constraints.txt)

.PHONY: env demo test lint clean

env: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("listill needs Python 3.11 or later, this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/pip install --quiet '$(TORCH)+cpu' || \
		$(BIN)/pip install --quiet --retries 1 --extra-index-url $(TORCH_INDEX) '$(TORCH)'
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,slurm]'
	touch $@
