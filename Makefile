# Every target sets up what it needs in .venv; nothing has to be installed beforehand but Python 3.11, gcc and make.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo test lint docs plain sanitize fuzz bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/bin/python:
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "make: $(PYTHON) has no venv module (Debian: apt-get install python3-venv)" >&2; exit 1; }

# One stamp for each extra of pyproject.toml, so that a changed requirement is installed and nothing else is.
.venv/.extra-%: pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

SESSION := $(BIN)/lustre-wire decode fixtures/captures/00-complete-session-from-mkfs.pcap --nid 10.0.0.3@tcp

demo: .venv/.extra-test ## a client of 2.17 mounts, writes and reads; then 1.8, translated, and upgraded
	@echo "--- A client of 2.17 mounts: its connections, the releases of both ends, what was granted"
	@$(SESSION) --connections
	@echo "--- It finds the root, makes a directory and files in it: replies say where their stripes are"
	@$(SESSION) --opcode MDS_GET_ROOT --opcode MDS_REINT/CREATE --opcode '*/INTENT_OPEN_CREAT' --limit 10
	@echo "--- It writes and reads a file: objects have the path of their file"
	@$(SESSION) --opcode OST_WRITE --opcode OST_READ
	@echo "--- The same as JSON, with the names of its numbers"
	@$(SESSION) --opcode OST_WRITE --limit 1 --json
	@echo "--- A recorded session of 1.8, its translation to 2.0, and the upgrade of a file system"
	$(BIN)/lustre-wire decode fixtures/captures/recorded-session-1.8.pcap
	$(BIN)/lustre-wire translate fixtures/captures/recorded-session-1.8.pcap --dialect 1.8 --to 2.0 \
		--fids 0x200000400 --allow surplus,cursor -v || test $$? -eq 1 # a directory page has no translation
	$(BIN)/lustre-wire upgrade --clients 4 --policy simplified

test: .venv/.extra-test ## the tests, a file at a time in up to four processes
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

lint: .venv/.extra-lint ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/.extra-test ## write docs/reference from the declarations
	$(BIN)/python -m tools.reference

plain: .venv/bin/python ## the wheel in an empty environment with pytest and no extra
	$(BIN)/python compat_tests/plain_install.py

sanitize: .venv/.extra-test ## the bulk tests on a C core built with ASan and UBSan, warnings as errors
	$(BIN)/python compat_tests/bulk/sanitize.py

SECONDS ?= 60
RUNS ?= 0
fuzz: .venv/.extra-fuzz ## each fuzz entry point under Atheris, for SECONDS (60) or RUNS inputs
	$(BIN)/python -m lustre_wire.testing.atheris_run all --seconds $(SECONDS) --runs $(RUNS) \
		--seeds fixtures/vectors --seeds fixtures/captures/02-lnet-ping-discover.pcap

bench: .venv/.extra-bench ## throughput against construct, msgspec, memcpy and tshark
	$(BIN)/python -m pytest benchmarks --benchmark-only

clean: ## remove everything that was built
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .benchmarks
	find . -name __pycache__ -prune -exec rm -rf {} +
