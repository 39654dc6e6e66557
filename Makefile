# What people type. Each target is one script in scripts/, so that it can be run and read
# without make.

.DEFAULT_GOAL := help
.PHONY: help setup demo test crash-test check bench clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing: PostgreSQL's server programs, a C compiler, servers for tests
	@scripts/setup.sh
	@scripts/counterparts.sh

demo: ## Convert a live database's keys and turn back, on a throw-away cluster
	@scripts/demo.sh

test: ## Run every test against one throw-away cluster
	@scripts/test.sh

crash-test: ## Kill the program and crash the server, many times
	@scripts/crash-test.sh

check: ## Formatting, lints, documentation, supply chain
	@scripts/check.sh

bench: ## Measure: backfill, cut-over and back, watching, what clients pay, planning
	@scripts/bench.sh

clean: ## Remove what was built
	@cargo clean
