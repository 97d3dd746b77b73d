# Two commands matter: `make lab` to teach and learn, `make test` to prove the kit. `make help` lists the rest.
PYTHON ?= python3
JOBS ?= 2
ARGS ?=
# Each file of tests stays with one process: the longest begin first, so that none of them ends alone.
LONGEST := $(addprefix tests/test_,grading_loop.py lectures_browser.py grading_faults.py grading_command.py grading_hostile.py)
OTHERS = $(filter-out $(LONGEST),$(wildcard tests/test_*.py))
BIN := .venv/bin
STAMP := .venv/.installed
PYTEST := $(BIN)/python -m pytest
MASTERS := $(BIN)/python -m tools.notebooks

.DEFAULT_GOAL := help
.PHONY: help lab test check lint unit nbval classroom notebooks absorb slides doctor clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

lab: $(STAMP)  ## install if needed, then open JupyterLab on the first lecture (ARGS=--no-browser for a server)
	$(BIN)/effcv lab $(ARGS)

test: lint unit nbval classroom  ## everything that proves the kit (about 23 minutes on 2 cores)

check: lint  ## the part of the tests that takes about a minute
	$(PYTEST) -q -n $(JOBS) -m "not browser and not nbgrader and not slow" tests

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(MASTERS) check
	$(BIN)/python -m tools.readme --check

unit: $(STAMP)
	$(PYTEST) -n $(JOBS) --doctest-modules -m "not browser and not nbgrader" effcv_lab tests

nbval: $(STAMP)
	$(PYTEST) --nbval-lax --nbval-current-env --nbval-cell-timeout=300 -n $(JOBS) --dist loadfile lectures solutions

classroom: $(STAMP)
	$(PYTEST) -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "browser or nbgrader" $(LONGEST) $(OTHERS)

notebooks: $(STAMP)  ## write the notebooks from their masters in notebooks/
	$(MASTERS) build

absorb: $(STAMP)  ## bring notebooks edited in JupyterLab back into their masters (ARGS=lectures/01_softmax_temperature.ipynb for one)
	$(MASTERS) absorb $(ARGS)

slides: $(STAMP)  ## run the lectures and write them as slides to build/slides
	$(BIN)/jupyter nbconvert --to slides --execute --output-dir build/slides \
	  --SlidesExporter.reveal_width=1200 --SlidesExporter.reveal_height=800 \
	  --SlidesExporter.preprocessors=nbconvert.preprocessors.CoalesceStreamsPreprocessor \
	  --TagRemovePreprocessor.enabled=True --TagRemovePreprocessor.remove_input_tags=hide-input lectures/*.ipynb

doctor: $(STAMP)  ## say what is missing on this machine and how to mend it
	$(BIN)/effcv doctor

clean:  ## remove the environment and everything built
	rm -rf .venv build

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is $$($(PYTHON) --version 2>&1), but this kit needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	@touch $(STAMP)
