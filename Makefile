# Gridward: every task a developer or a user needs. 'make help' lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CGO_ENABLED := 0

GO       ?= go
BIN      := bin
LINT     := $(BIN)/golangci-lint
FUZZTIME ?= 10s
BENCH    ?= .

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/gridward
	$(GO) build -o $(BIN)/gridward ./cmd/gridward

.PHONY: demo
demo: build ## eight DERs, a router and a control centre on this machine; prints the address of the dashboard
	$(BIN)/gridward demo $(ARGS)

.PHONY: peers
peers: ## install the foreign programs that the tests talk to (Debian packages, a Python environment, npm packages)
	./scripts/peers.sh

.PHONY: test
test: peers ## install the peers and run every test; fails if one is skipped
	./scripts/test.sh

.PHONY: quick
quick: ## the Go tests with what is installed
	$(GO) test ./...

.PHONY: lint
lint: $(LINT) ## golangci-lint, gofumpt and the layer test
	$(LINT) run ./...
	$(GO) vet ./...

$(LINT): tools/go.mod
	cd tools && $(GO) build -o ../$(LINT) github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: fmt
fmt: $(LINT) ## format the code
	$(LINT) fmt ./...

.PHONY: bench
bench: build ## benchmarks of the packages, then MMS beside libiec61850 and the router beside Prosody and ejabberd
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...
	$(BIN)/gridward bench codec
	$(BIN)/gridward bench mms
	$(BIN)/gridward bench xmpp

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (10s)
	./scripts/fuzz.sh $(FUZZTIME)

.PHONY: web
web: ## rebuild the dashboard into web/dist
	cd web && npm ci --no-audit --no-fund && npm run build
