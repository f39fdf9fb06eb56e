# Two commands matter: `make drill` (the main job) and `make test`; `make drills` runs every drill. All set up what they need.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/ready
# The Azure CLI pins its own versions of what we depend on, so it lives apart; the contract tests sign in with it.
AZ     := .venv-az

HEALTHY ?= 0
SUITE  ?= all
TARGET ?= local

.PHONY: drill drills test check setup bench pictures soak museum plain table clean

drill: $(READY)  ## force the SQL failover group over, under load, on this machine
	$(BIN)/firedrill run sql-forced-failover

drills: $(READY)  ## every drill, one after the other, on one page (SUITE=nightly, TARGET=local)
	$(BIN)/firedrill run --suite $(SUITE) --target $(TARGET)

test:  ## set up (both environments at once), then lint, types, layers and every test
	@$(MAKE) --no-print-directory -j2 $(READY) $(AZ)/ready
	@$(MAKE) --no-print-directory check

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/again.py -m "not alone" -n 3 --dist loadfile
	$(BIN)/python tests/again.py -m alone tests/e2e

bench: $(READY)  ## the figures in the README
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/bus.py
	$(BIN)/firedrill calibrate --rate 100/s --outages 20
	$(BIN)/python benchmarks/cost.py
	$(BIN)/python benchmarks/healthy_runs.py 5

pictures: $(READY)  ## docs/pictures, from a drill that is looked at while it runs (needs Chromium)
	$(BIN)/python -m benchmarks.pictures

soak: $(READY)   ## 200 kills at random, the alternative routes, a hundred leaders (about half an hour)
	$(BIN)/python benchmarks/soak.py --kills 200
	$(BIN)/python benchmarks/routes.py --both 60
	$(BIN)/python benchmarks/leader.py --rounds 100

museum: $(READY)  ## each known mistake of the bank in the drill that must catch it (HEALTHY=5: and each drill five times without one)
	$(BIN)/python benchmarks/museum.py --healthy $(HEALTHY)

plain: $(READY)  ## every experiment under plain `chaos validate` and `chaos run`
	$(BIN)/python -m benchmarks.plain_chaos

table: $(READY)  ## docs/reference/drills.md, with the last results that are in reports/
	$(BIN)/python benchmarks/table.py

setup: $(READY)

# Bytecode is compiled here, so that start-up is fast even where PYTHONDONTWRITEBYTECODE is set.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "firedrill needs Python 3.11 or later: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(BIN)/python -m compileall -q src
	touch $@

$(AZ)/ready: requirements-az.txt
	$(PYTHON) -m venv $(AZ)
	$(AZ)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-az.txt
	touch $@

clean:
	rm -rf $(VENV) $(AZ) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
