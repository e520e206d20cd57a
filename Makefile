# The one list of commands; `make help` shows it.
.DEFAULT_GOAL := help
SHELL := bash

# Read as they were typed: make must not expand what a user's text holds, and a recipe gives it to the
# program through its environment and standard input, so that no shell reads it either.
override export TEXT := $(value TEXT)
override export K := $(value K)
override export FORMAT := $(value FORMAT)
# From the command line alone: a SEED, ALL or REASON that some environment holds was never meant for this.
override export SEED := $(if $(filter command,$(origin SEED)),$(value SEED))
override export DATA := $(if $(filter command,$(origin DATA)),$(value DATA))
override export LABEL := $(if $(filter command,$(origin LABEL)),$(value LABEL))
override export MOOD := $(if $(filter command,$(origin MOOD)),$(value MOOD))
override export FACET := $(if $(filter command,$(origin FACET)),$(value FACET))
override export INSTRUMENTAL := $(if $(filter command,$(origin INSTRUMENTAL)),$(filter-out 0 no false,$(value INSTRUMENTAL)))
override export ALL := $(if $(filter command,$(origin ALL)),$(filter-out 0 no false,$(value ALL)))
override export EXPLAIN := $(filter-out 0 no false,$(value EXPLAIN))
override export KIND := $(if $(filter command,$(origin KIND)),$(value KIND))
override export VERSION := $(if $(filter command,$(origin VERSION)),$(value VERSION))
override export REASON := $(if $(filter command,$(origin REASON)),$(value REASON))

# Of what builds the package as well: pip reads the one or the other, depending on its age.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
# Errors only, in training. (A comment behind the value would leave a space in it.)
export TF_CPP_MIN_LOG_LEVEL ?= 3

# From the command line, too: the release below artifacts/ that is to be trained or served.
override MODEL := $(if $(filter command,$(origin MODEL)),$(value MODEL))
ifneq ($(filter-out large,$(MODEL)),)
$(error MODEL: large or nothing, got $(MODEL))
endif

BIN := .venv/bin
CLUSTER := $(BIN)/python deploy/cluster.py
ENGINE_FLAG := $(if $(ENGINE),--engine $(ENGINE))
# Looked up each time it is used: the address of the cluster that runs, else of the one that would be started.
# The shell reads both variables, since a folder's name may hold what make would expand and quotes.
TARGET = $$(cat "$${AMBIANCE_RUN_DIR:-.run}/gateway" 2>/dev/null || echo "127.0.0.1:$${AMBIANCE_GATEWAY_PORT:-50051}")
VERSION_TARGETS = --text-target "$$(cat "$${AMBIANCE_RUN_DIR:-.run}/text_service" 2>/dev/null || echo "127.0.0.1:$${AMBIANCE_TEXT_PORT:-50052}")" \
	--music-target "$$(cat "$${AMBIANCE_RUN_DIR:-.run}/music_index_service" 2>/dev/null || echo "127.0.0.1:$${AMBIANCE_MUSIC_PORT:-50053}")"
USAGE := usage: make match TEXT="I am so happy" [K=10] [LABEL="Rock music"] [MOOD=sad] [FACET="calm>=0.5"] [INSTRUMENTAL=1] [ALL=1] [SEED=7] [EXPLAIN=1] [FORMAT=json]
# Two workers, in the order of the folders: the cluster's tests take longest, so they are begun first.
PYTEST := $(BIN)/pytest --numprocesses 2 --no-loadscope-reorder
BUF := @bufbuild/buf@1.75.0
# What the protos must stay compatible with: in the tree, so that a clone without history can tell, too.
BASELINE := protos/baseline.txtpb

# Whatever changes what an installation holds. A stamp in .venv is newer, so setting up again costs nothing.
INSTALLED_FROM := pyproject.toml constraints.txt hatch_build.py $(wildcard protos/ambiance/*/v1/*.proto)
VENV := .venv/.made
SERVING := .venv/.serving
DEVELOPMENT := .venv/.development
TEACHING := .venv/.teaching
# Only a teacher needs PyTorch: one that is asked for, or the first. What a large model starts from comes with it.
TEACH := $(filter-out 0 no false,$(TEACHER))
RETEACH := $(TEACH)$(MODEL)$(if $(wildcard artifacts/text_teacher/*),,first)

.PHONY: help setup setup-dev match serve up down status logs versions reload \
	data vggish teacher train train-seeds evaluate model-card reproduce \
	test test-unit test-service test-e2e lint lint-style lint-types lint-protos lint-page page proto-baseline latency load bench torture churn \
	soundtrack-figures docs wheel clean

help: ## List every command
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r target sentence; do \
		printf '  %-18s %s\n' "$$target" "$$sentence"; done

## ---- run

ifdef TEXT
match: $(SERVING)
endif
match: ## Answer a sentence with music: make match TEXT="I am so happy" [K=10] [LABEL="Rock music"] [MOOD=sad] [FACET="calm>=0.5"] [INSTRUMENTAL=1] [ALL=1] [SEED=7] [EXPLAIN=1] [FORMAT=json]
	@[ -n "$$TEXT" ] || { echo '$(USAGE)' >&2; exit 2; }
	@case "$$FORMAT" in '' | text) flags=() ;; json) flags=(--json) ;; \
		*) printf 'FORMAT: text or json, got %s\n%s\n' "$$FORMAT" '$(USAGE)' >&2; exit 2 ;; esac; \
	[ -z "$$K" ] || flags+=("-k=$$K"); \
	[ -z "$$SEED" ] || flags+=("--seed=$$SEED"); \
	[ -z "$$LABEL" ] || flags+=("--label=$$LABEL"); \
	[ -z "$$MOOD" ] || flags+=("--mood=$$MOOD"); \
	[ -z "$$FACET" ] || flags+=("--facet=$$FACET"); \
	[ -z "$$INSTRUMENTAL" ] || flags+=(--instrumental); \
	[ -z "$$ALL" ] || flags+=(--all-clips); \
	[ -z "$$EXPLAIN" ] || flags+=(--explain); \
	match() { printf '%s\n' "$$TEXT" | $(BIN)/ambiance match --target "$(TARGET)" "$${flags[@]}" -; }; \
	{ complaint=$$(match 2>&1 >&3); status=$$?; } 3>&1; \
	if [ $$status -eq 69 ]; then $(CLUSTER) up $(ENGINE_FLAG) >&2 && match; \
	else [ -z "$$complaint" ] || printf '%s\n' "$$complaint" >&2; exit $$status; fi

serve: $(SERVING) ## Serve from one process, without a cluster, until Ctrl-C: make serve [MODEL=large] [DATA=folder] [FLAGS="--port 50061"]
	@data=(); [ -z "$$DATA" ] || data=(--data "$$DATA"); \
	$(BIN)/ambiance serve $(if $(MODEL),--artifacts artifacts/$(MODEL)) "$${data[@]}" $(FLAGS) || \
	{ status=$$?; [ ! -e "$${AMBIANCE_RUN_DIR:-.run}/gateway" ] || \
		echo "The cluster of this checkout is up, and has the same ports unless told otherwise: make down ends it." >&2; \
	exit $$status; }

up: $(SERVING) ## Start the cluster, in containers or as local processes: make up [ENGINE=docker|local] [MODEL=large] [DATA=folder]
	@[ -z "$$DATA" ] || export AMBIANCE_MUSIC_DATA="$$DATA"; $(if $(MODEL),AMBIANCE_ARTIFACTS=artifacts/$(MODEL)) $(CLUSTER) up $(ENGINE_FLAG)

down: $(SERVING) ## End the cluster
	@$(CLUSTER) down $(ENGINE_FLAG)

status: $(SERVING) ## Show where each service listens and whether it serves
	@$(CLUSTER) status $(ENGINE_FLAG)

logs: $(SERVING) ## Show the services' logs: make logs [FOLLOW=1]
	@$(CLUSTER) logs $(ENGINE_FLAG) $(if $(FOLLOW),--follow)

versions: $(SERVING) ## List the versions of model and index that the cluster has, and those it serves
	@$(BIN)/ambiance versions $(VERSION_TARGETS)

reload: $(SERVING) ## Serve another version without a call lost: make reload [KIND=music_index] [VERSION=5]; the newest unless told
	@$(BIN)/ambiance reload $(VERSION_TARGETS) $${KIND:+"$$KIND"} $${VERSION:+"$$VERSION"}

## ---- train

data: $(DEVELOPMENT) ## Find the data sets, or download them from their publishers
	@$(BIN)/python -m training.data

vggish: $(DEVELOPMENT) ## Download VGGish's weights, which `ambiance import-audio` hears with: 290 MB into data/vggish
	@$(BIN)/python -m training.vggish

teacher: data $(TEACHING) ## Fine-tune the text encoder's teacher and publish it: half an hour and more
	@$(BIN)/python -m training.teacher

train: data $(if $(RETEACH),$(TEACHING)) ## Train a candidate, publish it if no figure falls: make train [MODEL=large] [TEACHER=1] [REASON="..."]
	@$(BIN)/python -m training.release $(if $(MODEL),--large) $(if $(TEACH),--teacher) --reason="$$REASON"

train-seeds: data ## Train the recipe from several random seeds into runs/seeds, after make teacher: make train-seeds [N=5]
	@$(BIN)/python -m training.release.seeds --seeds $(or $(N),5)

evaluate: data ## Measure the release and the seeds in runs/seeds; write figures, plots and model card
	@$(BIN)/python -m training.evaluate

model-card: $(DEVELOPMENT) ## Write docs/MODEL_CARD.md anew from the figures that are there
	@$(BIN)/python -m training.evaluate --card-only

reproduce: data ## Train ten times and compare with the seed's published table
	@$(BIN)/python -m training.reproduce

## ---- check

test: $(DEVELOPMENT) ## Run every test
	@$(PYTEST)

test-unit: $(DEVELOPMENT) ## Run the tests of single parts
	@$(PYTEST) tests/unit

test-service: $(DEVELOPMENT) ## Run the tests of each service, in process
	@$(PYTEST) tests/service

test-e2e: $(DEVELOPMENT) ## Run the tests of the whole cluster
	@$(PYTEST) tests/e2e

lint: $(DEVELOPMENT) ## Check style, types, imports and protos
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint-types lint-protos lint-page lint-style

lint-style: $(DEVELOPMENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

lint-types: $(DEVELOPMENT)
	$(BIN)/mypy
	$(BIN)/mypy deploy/*.py
	$(BIN)/mypy docs/conf.py docs/generate/*.py

lint-protos:
	@if command -v npx >/dev/null; then \
		set -e; echo "npx $(BUF) lint"; npx --yes $(BUF) lint; \
		echo "npx $(BUF) breaking --against $(BASELINE)"; npx --yes $(BUF) breaking --against $(BASELINE); \
	else echo "buf left out: it comes through npx, and there is no Node.js here" >&2; fi

lint-page:
	@if command -v npm >/dev/null; then \
		$(MAKE) -s page; git diff --exit-code --stat -- gateway/page/dist || \
			{ echo "gateway/page/dist isn't what its sources give: run make page and commit it" >&2; exit 1; }; \
	else echo "the page's build left out: there is no Node.js here" >&2; fi

page: ## Bundle the reader's page anew, from gateway/page/src: needs Node.js
	@cd gateway/page && npm ci --silent --no-audit --no-fund && npm run --silent build

proto-baseline: ## Hold later protos to today's: after additions, so that buf breaking guards them, too
	npx --yes $(BUF) breaking --against $(BASELINE)
	npx --yes $(BUF) build --exclude-source-info --output $(BASELINE)

latency: $(DEVELOPMENT) ## Measure a match on the running cluster beside an echo call
	@PYTHONPATH=benchmarks $(BIN)/python -m load --only unloaded --target "$(TARGET)"

load: $(DEVELOPMENT) ## Load the running cluster to its knee and beyond, write a report: make load [FLAGS="--quick"]
	@PYTHONPATH=benchmarks $(BIN)/python -m load --target "$(TARGET)" $(FLAGS)

bench: $(DEVELOPMENT) ## Measure every part beside its references: make bench [FLAGS="--quick"]
	@PYTHONPATH=benchmarks $(BIN)/python -m bench $(FLAGS)

torture: $(DEVELOPMENT) ## Kill the store of written clips, the index service and Milvus at 200 random moments each, look for lost writes: make torture [FLAGS="--rounds 20"]
	@PYTHONPATH=benchmarks $(BIN)/python -m torture $(FLAGS)

churn: $(DEVELOPMENT) ## Search a million own clips while they change, and write some as fast as can be: make churn [FLAGS="--clips 100000"]
	@PYTHONPATH=benchmarks $(BIN)/python -m churn $(FLAGS)

docs: $(DEVELOPMENT) ## Build the docs site into build/docs; whatever is wrong in it fails
	@$(BIN)/python -m sphinx -E -q -W --keep-going -b html docs build/docs
	@echo "Read it at build/docs/index.html"
soundtrack-figures: $(DEVELOPMENT) ## Measure soundtracks of texts with known scenes beside simpler ways: make soundtrack-figures [FLAGS="--half dev"]
	@PYTHONPATH=benchmarks $(BIN)/python -m soundtrack $(or $(FLAGS),--half dev)

wheel: $(DEVELOPMENT) ## Build the source distribution and the wheel into dist/
	@$(BIN)/python -m build --no-isolation

## ---- set up

setup: $(SERVING) ## Install what runs the cluster into .venv
setup-dev: $(DEVELOPMENT) ## Install what trains, tests and lints into .venv

clean: ## End the cluster, remove .venv and everything generated; artifacts/ and data/ stay
	@if [ -x $(BIN)/supervisord ]; then $(CLUSTER) down; fi
	rm -rf .venv .run runs dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf ambiance/type ambiance/text ambiance/music ambiance/match ambiance/artifact ambiance/store
	find . -name __pycache__ -prune -exec rm -rf {} +

# venv takes no colon, and what pip writes into .venv/bin starts a shell if the path holds a space.
$(VENV):
	@case "$$PWD" in *[:\"\\\$$\`]*) \
		printf 'The path of this folder holds one of : " \\ $$ `, which Python'\''s venv and pip do not take: %s\n' "$$PWD" >&2; \
		exit 1 ;; esac
	@for python in "$${PYTHON:-python3.11}" python3.11 python3; do \
		if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			"$$python" -m venv --clear .venv && touch $@; exit; fi; done; \
	echo "Ambiance needs Python 3.11 or newer with venv, and found none; name one with PYTHON=/path/to/python" >&2; \
	exit 1

$(SERVING): $(INSTALLED_FROM) | $(VENV)
	@echo "Installing what runs the cluster into .venv (the first time takes a minute) ..." >&2
	@$(BIN)/pip install -qq --disable-pip-version-check --editable '.[local]' >&2
	@touch $@

$(DEVELOPMENT): $(INSTALLED_FROM) | $(VENV)
	@echo "Installing what trains, tests and lints into .venv (the first time takes a few minutes) ..." >&2
	@$(BIN)/pip install -qq --disable-pip-version-check --editable '.[dev]' >&2
	@touch $(SERVING) $@

$(TEACHING): $(INSTALLED_FROM) | $(VENV)
	@echo "Installing what fine-tunes the teacher into .venv (PyTorch; the first time takes a few minutes) ..." >&2
	@$(BIN)/pip install -qq --disable-pip-version-check --editable '.[dev,teacher]' >&2
	@touch $(SERVING) $(DEVELOPMENT) $@
