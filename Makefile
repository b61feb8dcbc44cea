# Two commands do everything on a fresh machine:  make book   and   make test
# Without make:  python3 tools/setup.py book   and   python3 tools/setup.py test

PYTHON ?= python3
SETUP = $(PYTHON) tools/setup.py
SNA = .venv/bin/sna

.PHONY: help upgrade docs env env-dev env-edit book test lint browser bench bench-ingest exit-road prove proofs edit sbom clean

help:            ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/'

env:             ## prepare .venv with what building needs
	@$(SETUP) env

env-dev:         ## prepare .venv with what testing needs
	@$(SETUP) env-dev

env-edit:        ## prepare .venv with JupyterLab
	@$(SETUP) env-edit

book: env        ## build the Suffolk site from the embedded figures
	@$(SNA) build --edition suffolk-2025

test: env-dev    ## every check that fits in twelve minutes
	@$(SETUP) test

lint: env-dev    ## code style
	@.venv/bin/ruff check svd_lib tests tools benchmarks

browser: env-dev ## the site in Chromium
	@$(SETUP) browser

bench: env-dev   ## time the build against the stock tools
	@.venv/bin/python benchmarks/bench_build.py

upgrade:         ## a newer version of the project under your edition, and what it moved: make upgrade EDITION=norfolk-2025
	@git pull --ff-only && $(SETUP) env && $(SNA) build --edition $(EDITION); $(SNA) diff $(EDITION) || true

docs: env-dev    ## the guides for analysts, a second book
	@.venv/bin/python tools/make_docs.py

bench-ingest: env-dev ## time the national ingest against bare DuckDB: make bench-ingest ROWS="1000000 10000000"
	@.venv/bin/python benchmarks/bench_ingest.py $(if $(ROWS),--rows $(ROWS))

exit-road: book env-dev ## the same pages without Jupyter Book, on the newest Sphinx; needs the network once
	@.venv/bin/python tools/exit_road.py

prove: env-dev   ## the long proofs, or one: make prove PROOF=calibration
	@.venv/bin/python tools/prove.py $(PROOF)

proofs: env-dev  ## each long proof: its result, date and age
	@.venv/bin/python tools/prove.py --list

sbom: env        ## the bill of materials of a release
	@.venv/bin/python tools/sbom.py

clean:           ## remove what was built; data/raw and data/tidy stay
	rm -rf _build
