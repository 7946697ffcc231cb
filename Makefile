# SkyClust: every target is one line; what is longer lives in scripts/ or in the tool itself.
SHELL := bash
PYTEST := .venv/bin/python -m pytest
# Tests wait for servers more than they compute: four at a time keep two cores busy.
PARALLEL := -n 4 --dist worksteal
# The tests start hundreds of processes: each would compile what it imports, were no byte code kept.
export PYTHONDONTWRITEBYTECODE :=
INSTALLED := .venv/.installed
.DEFAULT_GOAL := help
.PHONY: help setup upgrade demo test test-unit test-integration test-slow test-newest \
	test-coverage test-benchmark drills \
	check fmt lint security build scan-image upgrade-images bench docs site screenshots up down \
	clean

help: ## Show these lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Make .venv with the locked set in it (uv when it is there, else venv and pip)

$(INSTALLED): pyproject.toml requirements/development.txt scripts/setup
	@scripts/setup

upgrade: $(INSTALLED) ## Renew requirements/, the exact set that setup, image and CI install
	@scripts/upgrade

demo: $(INSTALLED) ## Five sandbox clouds in one inventory, a machine made and deleted on each
	@.venv/bin/python -m skyclust_sandbox.demo

test: $(INSTALLED) ## Run every test but the slow drills
	$(PYTEST) $(PARALLEL) -m "not slow"

test-unit: $(INSTALLED) ## Run the tests that need no server
	$(PYTEST) $(PARALLEL) -m "not slow and not integration"

test-integration: $(INSTALLED) ## Run the tests on Prefect, PostgreSQL and the sandbox clouds
	$(PYTEST) $(PARALLEL) -m "integration and not slow"

test-slow: $(INSTALLED) ## Run the slow tests: a sample of the drills, whole installations, browser
	@scripts/test-slow

drills: $(INSTALLED) ## Run every case of the drills and of the other sampled tests (over an hour)
	@SKYCLUST_DRILL_ALL=1 scripts/test-slow

test-newest: $(INSTALLED) ## Report what breaks under the newest versions that may be installed
	@scripts/test-newest

test-coverage: $(INSTALLED) ## Run the tests and write htmlcov/index.html
	$(PYTEST) -m "not slow" --cov --cov-report=term:skip-covered --cov-report=html

test-benchmark: $(INSTALLED) ## Run the benchmarks small, to see that they still measure
	$(PYTEST) -m benchmark

check: $(INSTALLED) ## Formatting, linting, types, import rules, docs and house rules
	@scripts/check

fmt: $(INSTALLED) ## Format the code and mend what can be mended by itself
	.venv/bin/ruff check --fix --exit-zero --quiet && .venv/bin/ruff format

lint: $(INSTALLED) ## Linting, types and import rules only
	@scripts/check lint

security: $(INSTALLED) ## Look for insecure code and for dependencies with known flaws
	@scripts/security

build: $(INSTALLED) ## Build sdist, wheel and bill of materials (CycloneDX) into dist/
	@scripts/build

scan-image: $(INSTALLED) ## Build the container image and look up its packages (docker, trivy)
	@scripts/scan-image

upgrade-images: ## Renew the digests of the images in Dockerfile and docker-compose.yml
	@scripts/upgrade-images

bench: $(INSTALLED) ## Measure, and print JSON
	@.venv/bin/python -m benchmarks

docs: $(INSTALLED) ## Write the parts of docs/reference/ that follow from the code
	@.venv/bin/python -m tests.docs.reference

site: $(INSTALLED) ## Build the documentation as a site into build/site/; broken links fail
	@scripts/site

screenshots: $(INSTALLED) ## Take the pictures under docs/images/ anew
	$(PYTEST) -m slow tests/browser --screenshots docs/images

up: $(INSTALLED) ## Start the embedded Prefect server and worker, and stay until Ctrl-C
	@.venv/bin/skyclust up

down: $(INSTALLED) ## Stop what `make up` started
	@.venv/bin/skyclust down

clean: ## Remove .venv, builds and caches
	rm -rf .venv build dist htmlcov .coverage .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
