# Perennial's commands. Only python3 (3.11 or newer, with pip) and make are needed.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-wheel test-mlflow wheel faults chaos load coverage test-slow test-release test-serving-stack second-opinion second-opinion-iam lint-packs aws-smoke permissions mends fuzz fuzz-readers setup setup-dev synth format golden diagram docs lock bench bench-loop bench-serving bench-models bench-intervals bench-wide docs-site clean

demo: setup  ## a demonstration on real data, on this machine
	@$(BIN)/python -m cli demo

setup: .venv/.run
setup-dev: .venv/.dev

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Perennial needs Python 3.11 or newer; this is $$($(PYTHON) --version). Next: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv .venv

PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r
# uv takes a tenth of pip's time, but reads none of pip's settings: behind an index of their own people have pip
INSTALL = { $(PIP) requirements/installer.txt && $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1); } \
	  || { echo "uv could not; installing with pip (two minutes or three) ..."; $(PIP) $(1); }

.venv/.run: requirements.txt requirements/installer.txt | .venv/bin/perennial
	@echo "Installing the locked packages into .venv ..."
	@$(call INSTALL,requirements.txt)
	@touch $@

.venv/.dev: requirements-dev.txt requirements/installer.txt | .venv/bin/perennial  # holds all of requirements.txt, in the same versions
	@echo "Installing the locked development packages into .venv ..."
	@$(call INSTALL,requirements-dev.txt)
	@touch .venv/.run $@

# The command of the checkout. Hatchling installs no package editable whose paths the wheel rewrites.
.venv/bin/perennial: | .venv/bin/python
	@printf '#!%s\nimport sys\n\nsys.path.insert(0, "%s")\nfrom perennial.__main__ import main\n\nmain()\n' \
	  "$(CURDIR)/.venv/bin/python" "$(CURDIR)" > $@ && chmod +x $@

test: setup-dev  ## format, lint, types, import contracts, the suite
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -m "not slow" -n auto --dist loadfile

test-wheel: setup-dev  ## the built wheel in an empty environment: new, its two commands, an upload, a prediction (five minutes)
	@PERENNIAL_WHEEL=1 $(BIN)/python -m pytest -s tests/test_wheel.py

test-mlflow: setup-dev build/tracking/.installed  ## a real MLflow server and its registry; the exported model under `mlflow models serve` (four minutes)
	@PERENNIAL_TRACKING=$(CURDIR)/build/tracking/bin $(BIN)/python -m pytest tests/tracking

build/tracking/.installed: requirements/tracking.txt | .venv/.dev
	@$(PYTHON) -m venv build/tracking
	@$(BIN)/uv pip install --quiet --python build/tracking/bin/python --require-hashes -r $<
	@touch $@

wheel: setup  ## the installable package, in build/dist
	@$(PIP) requirements/installer.txt
	@$(BIN)/python -m hatchling build -t wheel -d build/dist

coverage: setup-dev  ## the suite, and which lines it does not reach; on Python 3.11 that takes twice as long
	@$(BIN)/python -m pytest -m "not slow" -n auto --dist loadfile --cov --cov-report=term:skip-covered

test-slow: setup-dev  ## what takes minutes: clouds of their own (environments, approvals, leaving, forgetting), bad models (twenty minutes)
	@$(BIN)/python -m pytest -m "slow and not faults" -n auto --dist loadfile

faults: setup-dev  ## the fault matrix and a disturbance of every AWS call of the loop, into docs/reliability.md (twenty minutes)
	@WRITE_RELIABILITY=1 $(BIN)/python -m pytest -m faults -n auto --dist worksteal

chaos: setup-dev  ## random schedules of uploads, crashes, duplicates, reorderings and clock jumps for an hour; SECONDS says how long
	@CHAOS_SECONDS=$(or $(SECONDS),3600) $(BIN)/python -m pytest -s -q tests/faults/test_chaos.py -k random_schedules

load: setup-dev  ## 200 uploads of 20 models at once, some poison, with 20 seeds; LOADS says how many (three minutes and more each)
	@POWERTOOLS_METRICS_DISABLED=true LOADS=$(or $(LOADS),20) $(BIN)/python -m pytest -s -q tests/faults/test_load.py

fuzz: setup-dev  ## the property tests with examples nobody has seen; run it as often as you like
	@HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -m hypothesis

fuzz-readers: build/fuzzing/.installed  ## coverage-guided fuzzing of all readers of bytes from outside; SECONDS of CPU time for each input (600); ARGS: some inputs
	@build/fuzzing/bin/python -m proof.fuzzing.run --seconds $(or $(SECONDS),600) $(ARGS)

build/fuzzing/.installed: requirements/fuzzing.txt | .venv/.dev
	@$(PYTHON) -m venv build/fuzzing
	@$(BIN)/uv pip install --quiet --python build/fuzzing/bin/python --require-hashes -r $<
	@touch $@

test-release: setup-dev  ## 20 releases and 5 rollbacks under 200 requests a second on the embedded cloud: none may fail (4 minutes)
	@RELEASES=20 ROLLBACKS=5 RATE=200 $(BIN)/python -m pytest -s tests/embedded/sagemaker/test_zero_downtime.py

second-opinion: setup-dev node_modules/aws-cdk build/second-opinion/.installed  ## the real CDK on another emulator (two minutes); needs npm
	@$(BIN)/python -m proof.second_opinion

build/second-opinion/.installed: requirements/second-opinion.txt
	@$(PYTHON) -m venv build/second-opinion
	@build/second-opinion/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

aws-smoke: setup-dev node_modules/aws-cdk  ## on YOUR AWS account: deploys, runs the demo script, checks, destroys; it tells the cost and asks (ARGS=--yes: does not)
	@$(BIN)/python -m proof.smoke $(ARGS)

second-opinion-iam: setup-dev node_modules/@cloud-copilot  ## our evaluator of permissions beside npm's iam-simulate (two minutes); needs Node
	@PERENNIAL_SECOND_OPINION=1 PERENNIAL_CASES=5000 PERENNIAL_RECORDED_CALLS=$(wildcard build/permissions) \
	  $(BIN)/python -m pytest tests/embedded/permissions/test_second_opinion.py

lint-packs: setup-dev .venv/checkov  ## the templates held against NIST 800-53 R5 (cdk-nag) and checkov (two minutes)
	@PERENNIAL_CHECKOV=$(CURDIR)/.venv/checkov/bin/checkov $(BIN)/python -m pytest tests/stacks/test_lint_packs.py

.venv/checkov: requirements/checkov.txt | .venv/.dev
	@$(PYTHON) -m venv $@ && $(BIN)/uv pip install --quiet --python $@/bin/python --require-hashes -r requirements/checkov.txt && touch $@

permissions: setup-dev  ## run the end-to-end tests, and write who may do what, and what nobody used, into docs/permissions.md (twenty minutes)
	@rm -rf build/permissions
	@PERENNIAL_RECORD_PERMISSIONS=$(CURDIR)/build/permissions $(BIN)/python -m pytest -n auto --dist loadfile tests/e2e
	@PERENNIAL_RECORD_PERMISSIONS=$(CURDIR)/build/permissions $(BIN)/python -m cli demo
	@$(BIN)/python -m embedded.permissions.page build/permissions docs/permissions.md
	@$(BIN)/python -m embedded.permissions.removal build/permissions

mends: setup-dev  ## revert what was mended for AWS, one mend after another: the test of each must fail (ten minutes)
	@$(BIN)/python -m proof.mends

node_modules/@cloud-copilot node_modules/aws-cdk: package.json
	@npm install --no-audit --no-fund --no-package-lock && touch $@

synth: setup  ## the assembly, in cdk.out
	@$(BIN)/python app.py

format: setup-dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

golden: setup-dev  ## write the rendered state machine anew; read the difference before you commit it
	@REFRESH_GOLDEN=1 $(BIN)/python -m pytest tests/stacks/test_workflow.py

diagram: synth  ## draw docs/architecture.diagram.md from the assembly
	@$(BIN)/python -m stacks.diagram

docs: diagram  ## everything in docs/ that is generated
	@$(BIN)/python -m cli.reference
	@$(BIN)/python -m cli.spec_reference
	@$(BIN)/python -m cli schema --write

docs-site: .venv/.docs  ## docs/ as a site with search, in build/site; it opens from disk
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict --clean --config-file website/mkdocs.yml
	@echo "Open build/site/index.html"

.venv/.docs: .venv/.run requirements/docs.txt
	@echo "Installing the packages of the site into .venv ..."
	@$(call INSTALL,requirements/docs.txt)
	@touch $@

lock:  ## resolve the requirements anew; needs uv
	uv pip compile --universal --generate-hashes --python-version 3.11 -q requirements/installer.in -o requirements/installer.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 -q --extra dev pyproject.toml -o requirements-dev.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 -q -c requirements-dev.txt pyproject.toml -o requirements.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 -q -c requirements-dev.txt requirements/docs.in -o requirements/docs.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 -q requirements/checkov.in -o requirements/checkov.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 -q requirements/tracking.in -o requirements/tracking.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 -q requirements/second-opinion.in -o requirements/second-opinion.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 -q -c requirements-dev.txt requirements/fuzzing.in -o requirements/fuzzing.txt
	uv pip compile --generate-hashes --python-version 3.13 --python-platform aarch64-manylinux_2_28 -q \
	  -c requirements-dev.txt requirements/layer.in -o stacks/layer.txt
	uv pip compile --generate-hashes --no-deps --python-version 3.12 --python-platform x86_64-manylinux_2_28 -q \
	  -c requirements-dev.txt requirements/serving.in -o stacks/serving.txt

bench: setup  ## ours beside the peers, into docs/benchmarks.md (an hour; ARGS=--quick: minutes); DATE is what it bears
	@$(BIN)/python -m bench.run --date $(or $(DATE),$(shell date +%F)) $(ARGS)

bench-loop: setup  ## seconds from upload to InService, training apart
	@$(BIN)/python -m bench.loop

bench-serving: setup  ## our server beside the container's own stack and others, into docs/benchmarks-serving.md (ten minutes)
	@$(BIN)/python -m bench.serving.run --date $(or $(DATE),$(shell date +%F)) $(ARGS)

bench-models: setup  ## drafts and models of 12 public tables beside two baselines, and text tables, into docs/benchmarks-models.md (half an hour)
	@$(BIN)/python -m bench.models.run --write $(ARGS)

bench-intervals: setup  ## how often intervals of regressions hold the truth of new rows, into docs/benchmarks-intervals.md (ten minutes)
	@$(BIN)/python -m bench.intervals --write $(ARGS)

bench-wide: setup  ## wide and tall tables through all stages, into docs/scale.md (ten minutes)
	@$(BIN)/python -m bench.wide --write $(ARGS)

test-serving-stack: setup-dev  ## the app inside the container's own serving stack, by SAGEMAKER_SERVING_MODULE; sets that up first
	@PERENNIAL_SERVING_STACK=1 $(BIN)/python -m pytest tests/training/test_stack.py

clean:
	rm -rf build cdk.out .venv
