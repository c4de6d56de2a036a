# The commands of the project; `make` alone lists them.

PYTHON ?= python3
PORT ?= 8000

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

# Each stamp is newer than what it stands for, so that nothing is installed twice.
VENV_MADE := $(VENV)/made.stamp
RUNTIME := $(VENV)/runtime.stamp
DEVELOPMENT := $(VENV)/development.stamp
BENCHMARKS := $(VENV)/benchmarks.stamp

# What `check --deploy` judges: the settings of a deployment, with a key made for this one run.
PRODUCTION = DEBUG=0 HTTPS_ONLY=1 ALLOWED_HOSTS=codesite.example SITE_URL=https://codesite.example \
	DATABASE_URL=sqlite://:memory: SECRET_KEY="$$($(RANDOM_KEY))" \
	DEFAULT_FROM_EMAIL=team@codesite.example CONTACT_INBOX=team@codesite.example
STATIC_TESTS = tests/test_templates.py tests/test_import_directions.py
TEST_SETTINGS = DEBUG=0 HTTPS_ONLY=0 DATABASE_URL=sqlite://:memory: SECRET_KEY="$$($(RANDOM_KEY))"
RANDOM_KEY = $(BIN)/python -c "import secrets; print(secrets.token_urlsafe(50))"

# The site, and beside it what sends its mail (to the console, unless EMAIL_HOST names a server). When one of them
# ends, or at Ctrl-C, both do: by SIGTERM, because a shell makes what runs in the background deaf to Ctrl-C.
define SERVE_AND_SEND
export SITE_URL=http://127.0.0.1:$(PORT); \
$(BIN)/python manage.py runserver 127.0.0.1:$(PORT) & server=$$!; \
$(BIN)/python manage.py send_mail & sender=$$!; \
trap 'kill $$server $$sender 2>/dev/null; wait' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM; \
while kill -0 $$server 2>/dev/null && kill -0 $$sender 2>/dev/null; do sleep 1; done; \
echo "The site or its mail has ended, so both end."; exit 1
endef

COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --universal --generate-hashes --no-header \
	--python-version 3.11 $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SUFFIXES:
.PHONY: help run test check format lock bench drill

help:
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s%s\n", $$1, $$2 }' Makefile

run: $(RUNTIME) .env ## install, fill the database, and serve the site on 127.0.0.1:8000 (another port: PORT=8001)
	@$(BIN)/python manage.py migrate
	@$(BIN)/python manage.py load_demo
	@$(BIN)/python manage.py create_first_login --site-url http://127.0.0.1:$(PORT)
	@$(SERVE_AND_SEND)

test: $(DEVELOPMENT) ## the whole suite: SQLite, PostgreSQL, browser; says what ran (some of it: ARGS="-k search")
	@$(BIN)/python -m tests.suite $(ARGS)

check: $(DEVELOPMENT) ## lint, format, missing migrations, deployment settings, templates, import directions
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	@echo "manage.py makemigrations --check --dry-run"
	@$(PRODUCTION) $(BIN)/python manage.py makemigrations --check --dry-run
	@echo "manage.py check --deploy --fail-level WARNING"
	@$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	@echo "pytest $(STATIC_TESTS)"
	@$(TEST_SETTINGS) $(BIN)/python -m pytest --quiet $(STATIC_TESTS)

format: $(DEVELOPMENT) ## mend what ruff can mend, and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: $(DEVELOPMENT) ## pin what pyproject.toml asks for, with hashes (newest versions: UPGRADE=1)
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(COMPILE) --group bench --constraint requirements-dev.lock --output-file requirements-bench.lock

bench: $(DEVELOPMENT) $(BENCHMARKS) ## the benchmarks, on both databases (some of them: ARGS="search sqlite")
	@$(BIN)/python -m tests.benchmarks $(ARGS)

drill: $(DEVELOPMENT) ## races, faulty mail servers and killed processes, on both databases (one of them: ARGS=mail)
	@$(BIN)/python -m tests.drills $(ARGS)

$(VENV_MADE):
	@command -v $(PYTHON) >/dev/null || { \
		echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
		echo "$$($(PYTHON) --version 2>&1) is too old: Python 3.11 or newer is needed. Name another: make PYTHON=python3.12"; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(RUNTIME): requirements.lock $(VENV_MADE)
	$(PIP) install --require-hashes -r requirements.lock
	@touch $@

# The development lock holds all of the runtime lock at the same versions, so it satisfies that stamp too.
$(DEVELOPMENT): requirements-dev.lock $(VENV_MADE)
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $(RUNTIME) $@

# It holds no more than what the runtime lock holds at the same versions, and what the benchmarks compare with.
$(BENCHMARKS): requirements-bench.lock $(DEVELOPMENT)
	$(PIP) install --require-hashes -r requirements-bench.lock
	@touch $@

# Settings of a local run; read only where the environment is silent, and never by the tests.
.env: | $(VENV_MADE)
	@umask 077 && printf 'DEBUG=1\nSECRET_KEY=%s\n' "$$($(RANDOM_KEY))" > $@.part && mv $@.part $@
	@echo "Wrote $@: DEBUG=1 and a random SECRET_KEY for local runs"
