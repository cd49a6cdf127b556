# make demo    the fourth-kexec story, before and after its fix
# make test    lint, types and tests, and the stories' verdicts with the oldest z3, in JOBS (2) processes
# make bless   write the expected results of the examples anew, to be reviewed as a diff
# make soak    N (1000) random cases in all on both cores, going on where the last soak stopped
# make peers   every property of every story, judged by the other checkers that are installed
# make mutants   wrong rules, facts, machines and encoders (half an hour): each has to be noticed or explained
# make consumers   the reports, opened by those programs of other people that are installed (KUNIT=DIR: tools/testing/kunit)
# make browser   the HTML report in a real Chromium, at two widths (SCREENSHOTS=DIR keeps pictures)
# make docs    the documentation site, in build/docs; warnings are errors
# make fuzz    hostile files for everything that reads files, MINUTES (30) in all
# make bench   time and memory of every example's check, and of imports and the audit where `make audit` has fetched its packages (or TREE=linux DTBS=dir)
# make bench-scale   one platform of 100 to 10,000 devices, and what an edit of one line costs
# make bench-fix   the smallest repairs of every story, into README's table
# make bench-sweep   the throughput of a sweep: two processes, and two Dask workers, against one
# make bench-source TREE=linux   a kernel tree read anew and again
# make bench-peers   other model checkers beside kexecspec on 4 to 128 drivers (installs them where it may; an hour)
# make audit   Debian's 577 arm64 boards against Debian's 6.1 source, both fetched by name with apt; into AUDIT (.audit)
# make lab     real kernels under QEMU, kexec'ed and crashed, and what their SMMU did (RUNS=..., lab/README.md)
# make lab-tee   the same above a real OP-TEE, whose heap fills with what dead kernels registered
# make certificates   a certificate of every example, verified by z3 and cvc5

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
BIN := .venv/bin
STAMP := .venv/.installed
OLDEST := .venv/oldest-z3
JOBS ?= 2
N ?= 1000
RUNS ?=
MINUTES ?= 30
SHARED := -n $(JOBS) --dist worksteal
STORY := examples/tee-bnxt-fourth-kexec
# Without its byte code each of some thousand commands would compile the whole program anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: all demo test lint types pytest oldest-z3 bless soak peers mutants consumers browser docs fuzz bench bench-scale bench-fix bench-sweep bench-source bench-peers certificates audit lab lab-tee clean
all: test

# An interrupted installation leaves no stamp and is done again.
$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (PYTHON=...)" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $(STAMP)

demo: $(STAMP)
	@echo "Before the fix: the fourth kexec fails."
	@echo
	@$(BIN)/kexecspec check $(STORY)/before.yaml --only KX103 || test $$? -eq 1
	@echo
	@echo "After the fix: proved for any number of kexecs."
	@echo
	@$(BIN)/kexecspec check $(STORY)/after.yaml
	@echo
	@$(BIN)/kexecspec test $(STORY)/before.yaml $(STORY)/after.yaml

test: lint types pytest oldest-z3

lint: $(STAMP)
	$(BIN)/ruff check kexecspec tests benchmarks lab docs

types: $(STAMP)
	$(BIN)/mypy

pytest: $(STAMP)
	$(BIN)/pytest $(SHARED)

# The oldest release of z3 that pyproject.toml admits, in a folder of its own.
$(OLDEST)/.installed: pyproject.toml $(STAMP)
	rm -rf $(OLDEST)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(OLDEST) \
		"z3-solver==$$($(BIN)/python -m tests.oldest_z3)"
	touch $@

oldest-z3: $(OLDEST)/.installed
	PYTHONPATH=$(CURDIR)/$(OLDEST) $(BIN)/python -m pytest $(SHARED) -o python_files=oldest_z3.py tests/oldest_z3.py

bless: $(STAMP)
	$(BIN)/python -m tests.bless

soak: $(STAMP)
	$(BIN)/python -m tests.soak $(N)

peers: $(STAMP)
	$(BIN)/python -m tests.export

mutants: $(STAMP)
	$(BIN)/python -m tests.mutants --jobs 2

consumers: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[consumers]'
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.consumers

browser: $(STAMP)
	$(BIN)/python -m pytest -o python_files=page.py tests/browser/page.py

docs: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	$(BIN)/python docs/generate.py build/docs-sources
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --nitpicky --quiet -b html build/docs-sources build/docs
	@echo "build/docs/index.html"

fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES)

bench: $(STAMP)
	$(BIN)/python benchmarks/bench.py
	$(BIN)/python benchmarks/imports.py $(TREE) $(DTBS)

bench-scale: $(STAMP)
	$(BIN)/python benchmarks/scale.py

bench-fix: $(STAMP)
	$(BIN)/python benchmarks/fix.py

bench-sweep: $(STAMP)
	$(BIN)/python benchmarks/sweep.py

bench-source: $(STAMP)
	$(BIN)/python benchmarks/source.py $(TREE)

bench-peers: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	$(BIN)/python -m benchmarks.peers

certificates: $(STAMP)
	$(BIN)/python benchmarks/certificates.py

AUDIT ?= .audit
IMAGE := linux-image-arm64
SOURCE := linux-source-6.1
APT := -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o Dir::State=$(CURDIR)/$(AUDIT)/apt -o Dir::Cache=$(CURDIR)/$(AUDIT)/apt \
	-o Dir::State::status=$(CURDIR)/$(AUDIT)/apt/status

# Debian's packages, by name, from where this machine has its packages; with lists of their own, and nothing is installed.
$(AUDIT)/.fetched:
	@command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { echo "make audit needs apt-get and dpkg-deb" >&2; exit 2; }
	mkdir -p $(AUDIT)/apt/lists/partial $(AUDIT)/apt/archives/partial $(AUDIT)/debs
	touch $(AUDIT)/apt/status
	apt-get $(APT) -q update
	cd $(AUDIT)/debs && apt-get $(APT) -q download $(SOURCE) "$$(apt-cache $(APT) depends $(IMAGE) | sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\).*/\1/p' | head -1)"
	cd $(AUDIT)/debs && for deb in *.deb; do dpkg-deb --fsys-tarfile "$$deb" | tar -x -C .. --wildcards './usr/lib/linux-image-*' './usr/src/*.tar.*' 2>/dev/null || true; done
	tar -xf $(AUDIT)/usr/src/$(SOURCE).tar.* -C $(AUDIT)
	touch $@

audit: $(STAMP) $(AUDIT)/.fetched
	$(BIN)/kexecspec audit --kernel $(AUDIT)/$(SOURCE) --dtbs $(AUDIT)/usr/lib -v --resume --results $(AUDIT)/answers.jsonl --exit-zero \
		--out $(AUDIT)/audit.html --out $(AUDIT)/audit.json --out $(AUDIT)/audit.csv --out $(AUDIT)/audit.txt

lab: $(STAMP)
	$(BIN)/python -m lab.fetch
	$(BIN)/python -m lab.run $(RUNS)

lab-tee: $(STAMP)
	$(BIN)/python -m lab.fetch
	$(BIN)/python -m lab.tee.run

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .fuzz
