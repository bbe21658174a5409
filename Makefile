# make            what there is
# make fly PHOTO=my.jpg

PYTHON ?= python3
PHOTO  ?= assets/photos/coffee.jpg
OUT    ?= out
ARGS   ?=

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
ifdef TORCH_INDEX
PIP  += --extra-index-url $(TORCH_INDEX)
endif
# gsplat only where there is CUDA for it.
COMMA := ,
RUNS  := heic$(if $(shell command -v nvidia-smi 2>/dev/null),$(COMMA)cuda)

.DEFAULT_GOAL := help
.PHONY: help fly view setup test check fix bench build clean

help:
	@echo "make fly PHOTO=my.jpg    one photo -> $(OUT)/fly.mp4 and $(OUT)/scene.ply"
	@echo "make view PHOTO=my.jpg   fly through it in the browser"
	@echo "make setup               everything for running, testing and training, into $(VENV)"
	@echo "make test [ARGS=...]     the tests; ARGS goes to pytest, e.g. ARGS='tests/splat -k sky'"
	@echo "make check               format, lint, types"
	@echo "make fix                 format, and mend what lint can mend"
	@echo "make bench               how fast the CPU renderer is here"
	@echo "make build               a wheel, into dist/"
	@echo "make clean               remove $(VENV) and what was built"
	@echo
	@echo "PYTHON=python3.12 picks the interpreter for a new $(VENV). On Linux without a GPU,"
	@echo "TORCH_INDEX=ADDRESS of PyTorch's CPU wheels fetches the smaller torch."

fly: $(VENV)/.runs
	@mkdir -p "$(OUT)"
	@$(BIN)/nvs fly "$(PHOTO)" -o "$(OUT)/fly.mp4" --ply "$(OUT)/scene.ply"
	@echo
	@echo "  $(OUT)/fly.mp4    the flight: open it in any video player"
	@echo "  $(OUT)/scene.ply  the scene: fly through it yourself with"
	@echo "                    $(BIN)/nvs view $(OUT)/scene.ply"
	@echo "                    or drop it into any Gaussian-splat viewer, e.g. SuperSplat"

view: $(VENV)/.runs
	@$(BIN)/nvs view "$(PHOTO)"

setup: $(VENV)/.ready

test: setup
	@$(BIN)/python -m pytest $(ARGS)

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

fix: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup
	@$(BIN)/python -m benchmarks.render

build: setup
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	@ls dist

# What flying and viewing need; made again when the project file changes.
$(VENV)/.runs: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "nvs needs Python 3.11 or newer: make setup PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV), once; a minute or two ..."
	@$(PIP) --editable ".[$(RUNS)]"
	@$(BIN)/python -m nvs.rendering.precompile
	@touch $@

# And what testing, checking and training need.
$(VENV)/.ready: $(VENV)/.runs
	@echo "installing what tests and training need ..."
	@$(PIP) --editable ".[dev]"
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
