# Ringpost: what one types here. `make demo` and `make test` need a Rust
# toolchain and a C compiler; `make test` also installs the Debian packages of
# the real peers (sipp, baresip, linphonec, Kamailio, slapd, postfix, dovecot,
# strace) and so wants root.

CARGO ?= cargo

.PHONY: help demo test bench long-run check format deny release

help:
	@echo "make demo     three calls become three mails, on this machine alone"
	@echo "make test     every test, real peers included"
	@echo "make bench    what a call costs; PART='missed --rate 500' for one part, PART=--help for all"
	@echo "make long-run days of a busy house in minutes: memory, files and database stay flat"
	@echo "make check    format, lints and documentation, warnings are errors"
	@echo "make deny     licences, sources and duplicates of the dependencies (cargo-deny)"
	@echo "make format   format the sources"
	@echo "make release  the binary for production, target/release/ringpost"

demo:
	$(CARGO) run --locked --bin ringpost -- demo

# The binary first: the stories start it. They mostly wait, for sound that plays
# at its own pace, so many of them run at once.
test:
	$(CARGO) build --locked --bin ringpost
	$(CARGO) test --locked --workspace --exclude ringpost-tests --no-fail-fast
	$(CARGO) test --locked --package ringpost-tests --no-fail-fast -- --test-threads 16

# The generator is built as the server is: it shares the machine with it.
bench:
	$(CARGO) build --locked --release --bin ringpost
	$(CARGO) run --locked --release --package ringpost-tests --bin bench -- $(PART)

long-run:
	$(CARGO) build --locked --release --bin ringpost
	$(CARGO) run --locked --release --package ringpost-tests --bin long_run

check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items

deny:
	$(CARGO) deny --locked check bans licenses sources

format:
	$(CARGO) fmt --all

release:
	$(CARGO) build --locked --release --bin ringpost
