# make fly PHOTO=my.jpg   make view PHOTO=my.jpg   make test   make check   make setup

PYTHON ?= python3
PHOTO  ?= assets/photos/coffee.jpg
OUT    ?= out

VENV := .venv
NVS  := $(VENV)/bin/nvs
READY := $(VENV)/.ready

.PHONY: fly view test check setup clean

fly: setup
	@mkdir -p "$(OUT)"
	@$(NVS) fly "$(PHOTO)" -o "$(OUT)/fly.mp4" --ply "$(OUT)/scene.ply"
	@echo
	@echo "  $(OUT)/fly.mp4    the flight: open it in any video player"
	@echo "  $(OUT)/scene.ply  the scene: fly through it yourself with"
	@echo "                    $(NVS) view $(OUT)/scene.ply"
	@echo "                    or drop it into any Gaussian-splat viewer, e.g. SuperSplat"

view: setup
	@$(NVS) view "$(PHOTO)"

test: setup
	@$(VENV)/bin/python -m pytest

check: setup
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy

setup: $(READY)

# Everything for running, training and testing; made again when the project file changes.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "nvs needs Python 3.11 or newer: make setup PYTHON=/path/to/python3"; exit 1; }
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV), once; a minute or two ..."
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --editable ".[hub,heic,dev]"
	@$(VENV)/bin/python -m nvs.rendering.precompile
	@touch $@

clean:
	rm -rf $(VENV) build ./*.egg-info
