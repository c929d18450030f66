# What a developer types. `make` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TARGET := $(or $(CARGO_TARGET_DIR),target)
CARGO_FLAGS := --locked

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# rustc links with the C compiler; SQLite is C, and the crate ring has C and assembly of its own.
.PHONY: tools
tools:
	@command -v cargo >/dev/null || { \
		echo "Rust is missing: install it from https://rustup.rs" >&2; exit 1; }
	@echo 'int main(void){return 0;}' | cc -x c -include stdio.h -o /dev/null - 2>/dev/null || { \
		echo "A C compiler with its library is missing; rustc links with it. As root, on Debian or Ubuntu:" >&2; \
		echo "    apt-get install gcc libc6-dev" >&2; exit 1; }

.PHONY: build
build: tools ## The release binary, target/release/capstan
	@cargo build $(CARGO_FLAGS) --release --package capstan --bin capstan

.PHONY: demo
demo: tools ## Three gates on a sample service, offline, in under a minute after the build
	@# The debug build: from cold it is there in half the time, and the demo waits more than it computes.
	@cargo build $(CARGO_FLAGS) --package capstan --bin capstan
	@# A Prometheus that `make test` fetched is used; nothing is fetched for the demo.
	@if [ -z "$${CAPSTAN_PROMETHEUS+set}" ] && found=$$(tests/servers/prometheus.sh --have 2>/dev/null); then \
		export CAPSTAN_PROMETHEUS="$$found"; \
	fi; \
	exec cargo run --quiet $(CARGO_FLAGS) --package capstan --bin capstan -- demo gate

.PHONY: test-tools
test-tools: tools
	@for tool in git curl; do command -v $$tool >/dev/null || { \
		echo "The tests use $$tool. As root, on Debian or Ubuntu:" >&2; echo "    apt-get install $$tool" >&2; exit 1; }; done

.PHONY: test
test: test-tools ## All tests; fetches a Prometheus for them where there is none
	@mkdir -p "$(TARGET)"
	@# A test that is skipped says so on stderr past the test runner, which keeps what a passing test prints.
	@log=$$(mktemp "$(TARGET)/test.XXXXXX"); trap 'rm -f "$$log"' EXIT; \
	if [ -z "$${CAPSTAN_PROMETHEUS-}" ]; then \
		export CAPSTAN_PROMETHEUS; \
		CAPSTAN_PROMETHEUS=$$(tests/servers/prometheus.sh) || CAPSTAN_PROMETHEUS=; \
	fi; \
	if [ -n "$$CAPSTAN_PROMETHEUS" ]; then echo "Prometheus: $$CAPSTAN_PROMETHEUS"; \
	else echo "SKIPPED: the tests with a real Prometheus: there is none (see above)" | tee "$$log"; fi; \
	cargo test --workspace $(CARGO_FLAGS) 2>&1 | tee -a "$$log"; \
	skipped=$$(grep 'SKIPPED:' "$$log" | sort -u || true); \
	if [ -n "$$skipped" ]; then \
		printf '\nNot everything was tested:\n%s\n' "$$skipped"; \
		if [ "$${CI-}" = true ]; then echo "With CI=true a test that is skipped has failed." >&2; exit 1; fi; \
	fi

.PHONY: lint
lint: tools ## Format, clippy and documentation, warnings denied
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $(CARGO_FLAGS) -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps $(CARGO_FLAGS)

.PHONY: bench
bench: tools ## Figures of the gate on this machine, in under 15 minutes
	@cargo build $(CARGO_FLAGS) --release --package capstan --bin capstan
	@if [ -z "$${CAPSTAN_PROMETHEUS+set}" ] && found=$$(tests/servers/prometheus.sh --have 2>/dev/null); then \
		export CAPSTAN_PROMETHEUS="$$found"; \
	fi; \
	exec "$(TARGET)/release/capstan" bench gate

.PHONY: bench-server
bench-server: tools ## Figures of the server on this machine, in half an hour
	@cargo build $(CARGO_FLAGS) --release --package capstan --bin capstan
	@exec "$(TARGET)/release/capstan" bench server

.PHONY: audit
audit: ## Licences, banned crates and sources; needs cargo-deny
	cargo deny check bans licenses sources

.PHONY: clean
clean: ## Remove all that was built or fetched
	cargo clean
