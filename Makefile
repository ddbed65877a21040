# make setup   the environment, in .venv
# make demo    samples, and each pipeline on its own
# make test    the tests of all parts, and of each command
# make contract  what every pipeline promises: whole runs of each, stopped, killed, begun again
# make coverage  both, and what they cover: takes half as long again
# make servers the tests with Flink, PostgreSQL and emulators of object stores: these take longer
# make flink   fetches a Flink cluster; make flink-demo runs each pipeline on it
# make docs    what the pages take from the code: options, columns of tables
# make template  the Dataflow templates; REPOSITORY=... TAG=... for what goes to a bucket
# make constraints  pins what pyproject.toml asks for; pins that still fit stay (remove the file to
#              raise them)
# make check   all that a change has to pass: format, lint, types, layers, all the tests

PYTHON ?= python3
BIN := .venv/bin
JOBS ?= $(shell $(PYTHON) -c "import os; print(os.cpu_count() + 1)")

.PHONY: setup demo test contract coverage servers flink flink-demo on-flink check lint types layers format docs \
	template constraints clean

setup: .venv/.made

.venv/.made: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev]'
	@touch $@

# A sample of each is damaged on purpose: exit code 3 says that the run went through without it.
demo: setup
	$(BIN)/python -m pipelines samples --output demo/samples
	$(BIN)/python -m pipelines.radar --runner DirectRunner \
		--input 'demo/samples/radar/**/*' --exclude '*.yaml' \
		--volume_types demo/samples/radar/volume_types.yaml \
		--output demo/out || test $$? -eq 3
	$(BIN)/python -m pipelines.soundings --runner DirectRunner \
		--input 'demo/samples/soundings/archive/**/*.buf' \
		--output demo/soundings || test $$? -eq 3
	$(BIN)/python -m pipelines.subtitles --runner DirectRunner \
		--input 'demo/samples/subtitles/lectures/*.srt' \
		--lexicon 'demo/samples/subtitles/lexicons/*.yaml' \
		--output demo/corrected || test $$? -eq 3
	$(BIN)/python -m pipelines.syntax --runner DirectRunner \
		--input 'demo/samples/syntax/**/*.json*' \
		--output demo/tables || test $$? -eq 3
	$(BIN)/python -m pipelines.addresses --runner DirectRunner \
		--input 'demo/samples/addresses/lists/*.csv' \
		--output demo/addresses || test $$? -eq 3
	$(BIN)/python -m pipelines.addresses --runner DirectRunner \
		--input 'demo/samples/addresses/columns/*.csv' \
		--address_columns street unit city state zip \
		--match demo/samples/addresses/known_places.csv --top_k 2 \
		--output demo/matched

flink: setup
	$(BIN)/python flink/flink_cluster.py fetch

flink-demo: setup
	$(BIN)/python -m pipelines samples --output demo/samples
	$(BIN)/python flink/flink_cluster.py run -- $(MAKE) --no-print-directory on-flink

# What a user of a cluster types; the environment is set by flink_cluster.py.
ON_FLINK = --runner FlinkRunner --flink_master $$HEADRACE_FLINK_MASTER \
	--flink_job_server_jar $$HEADRACE_FLINK_JOB_SERVER --environment_type LOOPBACK --parallelism 2
on-flink:
	$(BIN)/python -m pipelines.radar $(ON_FLINK) \
		--input 'demo/samples/radar/**/*' --exclude '*.yaml' \
		--volume_types demo/samples/radar/volume_types.yaml \
		--output demo/flink/out || test $$? -eq 3
	$(BIN)/python -m pipelines.soundings $(ON_FLINK) \
		--input 'demo/samples/soundings/archive/**/*.buf' \
		--output demo/flink/soundings || test $$? -eq 3
	$(BIN)/python -m pipelines.subtitles $(ON_FLINK) \
		--input 'demo/samples/subtitles/lectures/*.srt' \
		--lexicon 'demo/samples/subtitles/lexicons/*.yaml' \
		--output demo/flink/corrected || test $$? -eq 3
	$(BIN)/python -m pipelines.syntax $(ON_FLINK) \
		--input 'demo/samples/syntax/**/*.json*' \
		--output demo/flink/tables || test $$? -eq 3
	$(BIN)/python -m pipelines.addresses $(ON_FLINK) \
		--input 'demo/samples/addresses/lists/*.csv' \
		--output demo/flink/addresses || test $$? -eq 3

# A file's tests are run by one process, so that what they share is made once; in the order of names,
# for files of few tests hold the long ones, and would come last.
BY_FILE = -n $(JOBS) --dist loadfile --no-loadscope-reorder
test: setup
	$(BIN)/python -m pytest $(BY_FILE) --ignore tests/contract --ignore tests/servers

# What every pipeline promises: whole runs of each, stopped, killed and begun again.
contract: setup
	$(BIN)/python -m pytest $(BY_FILE) tests/contract

coverage: setup
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(BY_FILE) --ignore tests/servers
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=90

# Three at a time, each with servers of its own: mostly they wait.
SERVERS ?= tests/servers
servers: setup
	$(BIN)/python -m pytest -n 3 $(SERVERS)

check: lint types layers
	$(MAKE) test
	$(MAKE) contract
	$(MAKE) servers

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/hadolint Dockerfile

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup
	$(BIN)/python docs/make_options.py

template: setup
	$(BIN)/python templates/make_templates.py \
		$(if $(REPOSITORY),--repository $(REPOSITORY)) $(if $(TAG),--tag $(TAG))

constraints: setup
	$(BIN)/uv pip compile pyproject.toml --quiet --all-extras --universal --python-version 3.10 \
		--no-annotate --custom-compile-command 'make constraints' --output-file constraints.txt

clean:
	rm -rf .venv demo build dist *.egg-info .coverage* .mypy_cache .ruff_cache .pytest_cache
