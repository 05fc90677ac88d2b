# The two commands of a newcomer are `make demo` and `make test`. Each sets up what it needs:
# Python 3.11 or later is all that has to be there. Every target works in the one .venv.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
UV := $(BIN)/uv
READY := $(VENV)/.ready
# Signals that Elasticsearch is measured with.
SIZES ?= 10000,100000,1000000
# Files of figures that bench-compare compares.
A ?= build/bench-before.json
B ?= build/bench.json
# Processes that run the tests side by side; 0 runs them in one.
JOBS ?= 2
# The first Python here that is new enough; `make setup PYTHON=…` names another.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

.PHONY: help setup demo test check bench bench-compare bench-elastic bench-page soak elasticsearch elasticsearch-stop train figures lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-18s  %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## make .venv with everything in it: 3 GB to fetch, about two minutes

# uv is quick; it is told the index that pip is set up for. Where uv cannot get through, pip does it.
$(READY): requirements.lock
	@test -n "$(PYTHON)" || { \
		echo "Python: none of 3.11 or later is here; install one, or name it: make PYTHON=/path/to/python3"; exit 2; }
	@echo "Setting up $(VENV): 3 GB to fetch and 6 GB on the disk, about two minutes, once."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet uv
	@index=$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(PIP) config get global.index-url 2>/dev/null)}}; \
	test -z "$$index" || export UV_DEFAULT_INDEX="$$index"; \
	$(UV) pip install --python $(BIN)/python --require-hashes --requirement requirements.lock || \
	$(PIP) install --no-compile --require-hashes --requirement requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## replay a sample day of one city, show its events and serve its page
	@$(BIN)/monitor demo --serve

test: $(READY) ## run the tests; what needs something that is not here is skipped with a line
	$(BIN)/pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder

check: $(READY) ## style, types, who may import whom, the rules of the house, known vulnerabilities
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest tests/test_house.py
	$(BIN)/python -m tests.audit

bench: $(READY) ## print the figures of speed, but those of Elasticsearch
	$(BIN)/python -m tests.benchmarks

bench-compare: $(READY) ## what got slower since the `make bench` before; or name two files: A=old.json B=new.json
	$(BIN)/python -m tests.benchmarks.compare $(A) $(B)

bench-elastic: $(READY) ## print those of Elasticsearch, at each of SIZES; half an hour
	$(BIN)/python -m tests.benchmarks elastic --sizes $(SIZES)

bench-page: $(READY) ## take what they measured into docs/how-fast.md and the documents that name it
	$(BIN)/python -m tests.benchmarks.document

soak: $(READY) ## 20,000 posts, killed 50 times on the embedded index and 100 on Elasticsearch; 1,000 mails, 20 times
	$(BIN)/python -m tests.soak
	$(BIN)/python -m tests.soak_anew
	$(BIN)/python -m tests.soak_mail

elasticsearch: $(READY) ## start an Elasticsearch 9 to try out; needs Java 21 or later, Maven, 1 GB to fetch
	@$(BIN)/python -m tests.elastic start

elasticsearch-stop: ## stop it; its data stays in build/elasticsearch
	@$(BIN)/python -m tests.elastic stop

train: $(READY) ## make the shipped heads anew from ../shared/data
	$(BIN)/monitor train

figures: $(READY) ## measure all models on ../shared/data and write docs/how-good.md
	$(BIN)/python -m evaluation

lock: $(READY) ## resolve the newest versions that pyproject.toml allows into requirements.lock
	$(UV) pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements.lock

clean: ## remove what tools left behind; .venv, data and configuration stay
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find . -path ./$(VENV) -prune -o -type d -name __pycache__ -exec rm -rf {} +
