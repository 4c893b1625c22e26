# Every target makes .venv and installs what it needs, system packages too.
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test test-slow lint format bench docs lock clean

demo: $(VENV)/runtime.done  ## hear a bundled piece through all four models
	$(VENV)/bin/rt-classify --file demo/prelude.mid --task all

test: $(VENV)/all.done  ## the quick suite
	$(VENV)/bin/python -m pytest

test-slow: $(VENV)/all.done  ## what takes minutes, and all that docs/reliability.md promises
	$(VENV)/bin/python -m pytest -m "slow or reliability"

lint: $(VENV)/all.done
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/python scripts/audit constraints.txt

format: $(VENV)/all.done
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(VENV)/bench.done  ## speed on this machine beside its peers, ten minutes
	$(VENV)/bin/python -m pytest benchmarks -m '' --benchmark-enable --benchmark-only \
	  --benchmark-quiet --benchmark-json=build/benchmark.json

docs: $(VENV)/all.done  ## the documentation into build/site, with every link checked
	$(VENV)/bin/python -m mkdocs build --strict --quiet
	@echo "The pages begin at build/site/index.html"

lock:  ## choose the newest versions that fit together anew
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --no-annotate --no-header --quiet --upgrade -o constraints.txt

clean:
	rm -rf $(VENV) build

$(VENV)/runtime.done: pyproject.toml constraints.txt
	PYTHON=$(PYTHON) scripts/system-packages runtime
	test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV)
	$(PIP) -e ".[midi]"
	touch $@

$(VENV)/all.done: pyproject.toml constraints.txt
	PYTHON=$(PYTHON) scripts/system-packages test
	test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV)
	$(PIP) -e ".[midi,outputs,dask,train,docs,dev]"
	mkdir -p build
	touch $@

$(VENV)/bench.done: $(VENV)/all.done
	$(PIP) -e ".[midi,train,dev,bench]"
	touch $@
