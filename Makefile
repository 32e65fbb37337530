# Set-up happens by itself: every target below makes or updates .venv first. Windows: see README.md.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.PHONY: help install app test lint bench tree prepare prepare-dev clean

# Which Python makes .venv (3.11-3.13), and which build of torch goes in: auto (the small one where no NVIDIA GPU is
# seen), cpu (the small one) or pip (the default one, on Linux with CUDA).
PYTHON ?=
TORCH ?= auto
# Arguments for the program or for pytest: make app ARGS="--port 8000", make test ARGS="-k clip".
ARGS ?=
RUN := .venv/bin/python

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile
	@echo '  Options: PYTHON=/path/to/python  TORCH=cpu (small build of torch) or pip (default build)  ARGS="..."'

install: prepare ## Make .venv and install the packages (done by the others too)

app: prepare ## Start the editor and print its address
	@$(RUN) app.py $(ARGS)

test: prepare-dev ## Lint, then run all tests, those in a browser too
	@$(RUN) -m tools.prepare --dev --browser
	@$(MAKE) --no-print-directory lint
	@$(RUN) -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile $(ARGS)

lint: prepare-dev ## Check style, format, types and import contracts
	@$(RUN) -m ruff check --quiet .
	@$(RUN) -m ruff format --check --quiet .
	@$(RUN) -m mypy --no-error-summary
	@.venv/bin/lint-imports --no-logo
	@$(RUN) -m tools.check_page

bench: prepare ## Measure what rendering costs here; let nothing else run meanwhile
	@$(RUN) -m core bench $(ARGS)

tree: prepare-dev ## Bring the tree in docs/architecture.md up to date
	@$(RUN) tools/tree.py

clean: ## Remove .venv and caches; projects, runs and checkpoints stay
	@rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .import_linter_cache node_modules

prepare prepare-dev:
	@python=$$(PYTHON="$(PYTHON)" /bin/sh tools/find_python.sh) && \
	  $$python -m tools.prepare --torch $(TORCH) $(if $(filter prepare-dev,$@),--dev)
