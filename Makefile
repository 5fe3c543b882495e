# make setup | make quickstart | make test | make quick-test | make lint | make docs | make noncommercial
#
# Each target makes the environment in .venv first, with Python 3.10 to 3.13; `make setup PYTHON=/path/to/python`
# takes the interpreter that you name.

VENV := .venv
BIN := $(VENV)/bin

PINNED := byola_keras/evaluation/representations/packages/pinned
# Installs each package of a list without what it asks for.
INSTALL_EACH = grep '^[^\#]' $(1) | while read -r package; do \
    $(BIN)/python -m pip install --quiet --no-deps "$$package" || \
    echo "$$package cannot be installed here: the benchmark runs without its models."; done

.PHONY: setup quickstart test quick-test lint docs noncommercial
.DEFAULT_GOAL := setup

setup: $(VENV)/.installed

$(VENV)/.installed: setup.cfg pyproject.toml $(PINNED).txt
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh tools/make_venv.sh
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev,quickstart,beam,docs,evaluation,free_sounds,litert,parquet,search,usearch]'
	@$(call INSTALL_EACH,$(PINNED).txt)
	@touch $@

# Two more models for the benchmark, which must not be used commercially.
noncommercial: setup
	@$(call INSTALL_EACH,$(PINNED)_noncommercial.txt)

quickstart: setup
	$(BIN)/python tools/render_notes.py --output_dir=runs/quickstart/notes
	$(BIN)/python tools/pretrain.py --flagfile=configs/quickstart.flags
	$(BIN)/python tools/probe_notes.py --model=runs/quickstart/run --notes_dir=runs/quickstart/notes

test: setup
	$(BIN)/python -m pytest

# The part that depends most on the versions of Python, TensorFlow and NumPy.
quick-test: setup
	$(BIN)/python -m pytest tests/stacks_test.py tests/keras_habits_test.py tests/audio tests/layers tests/models tests/torch_files \
		tests/corpus/prepare_test.py tests/training/run_before_recipes_test.py tests/evaluation/probe_test.py

# The site, in build/site; the notice of the theme's makers on later versions is left out.
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
