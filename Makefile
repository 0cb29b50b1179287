.PHONY: build test long bench growth benchmarks benchstat gallery messages lint generate release man completions deb

dist := dist

build: # one static file; `friendlyfire version` tells the commit it was built from
	CGO_ENABLED=0 go build -trimpath -o friendlyfire .

test:
	go test ./...

long: # the promises in their full size: kills, floods, hours; a table at the end, everything in long.txt
	.ci/long

bench: # what is promised of speed and size, each figure beside its reference; ten minutes of a machine that is idle else
	go test -count=1 -timeout=2h -tags=bench -run='^TestBench$$' -v ./acceptance

growth: # how it does with 10,000 to 10,000,000 bans, and sample/growth.png of that
	go test -count=1 -timeout=6h -tags=bench -run='^TestGrowth$$' -v ./acceptance

benchmarks: # the parts by themselves
	go test -run='^$$' -bench='$(BENCH)' -benchmem $(PACKAGES)

benchstat: # the parts, beside those of the commit OLD; make benchstat BENCH=Parse PACKAGES=./ingest takes a minute
	old=$$(mktemp -d) && trap 'git worktree remove --force "$$old/tree"; rm -r "$$old"' EXIT && \
	git worktree add --quiet --detach "$$old/tree" $(OLD) && \
	for n in $$(seq $(COUNT)); do \
		(cd "$$old/tree" && go test -run='^$$' -bench='$(BENCH)' -benchmem $(PACKAGES)) >> "$$old/old"; \
		go test -run='^$$' -bench='$(BENCH)' -benchmem $(PACKAGES) >> "$$old/new"; \
	done && \
	go run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da before="$$old/old" now="$$old/new"
OLD = HEAD~1
BENCH = .
PACKAGES = ./...
COUNT = 6

gallery: # every kind of chart, of the sample and of a made-up year, in gallery/index.html
	go test -count=1 -tags=gallery -run='^TestGallery$$' -v ./cli

messages: # every message that the bot sends, from a fixed history; messages UPDATE=-update writes the golden file anew
	go test -count=1 -run='^TestMessagesAreTheGoldenOnes$$' ./bot $(if $(UPDATE),-args $(UPDATE))
	cat bot/testdata/messages.txt

lint:
	.ci/run lint

generate: # renews the built-in table of countries and networks
	go generate ./...

# What is released is made of the last commit: its time is that of the files within.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)

programs := $(addprefix $(dist)/friendlyfire-linux-,amd64 arm64 armv7)

release: $(programs) # the programs, and what they must hash to
	cd $(dist) && sha256sum $(notdir $(programs)) > SHA256SUMS

# The same commit and the same Go make the same bytes: no path, no C, no setting of this machine gets in.
.PHONY: $(programs)
$(dist)/friendlyfire-linux-amd64: settings = GOARCH=amd64 GOAMD64=v1
$(dist)/friendlyfire-linux-arm64: settings = GOARCH=arm64 GOARM64=v8.0
$(dist)/friendlyfire-linux-armv7: settings = GOARCH=arm GOARM=7
$(programs):
	GOOS=linux $(settings) CGO_ENABLED=0 GOFLAGS= GOEXPERIMENT= GOFIPS140=off \
		go build -trimpath -buildvcs=true -ldflags='-s -w' -o $@ .

man: # dist/friendlyfire.1, of what the commands say of themselves
	mkdir -p $(dist)
	go test -count=1 -run='^TestManPageIsComplete$$' ./cli -args -man='$(abspath $(dist))/friendlyfire.1'

completions: # dist/completion/bash and others
	mkdir -p $(dist)/completion
	for shell in bash zsh fish; do go run . completion $$shell > $(dist)/completion/$$shell || exit; done

# A Debian package, for this kind of machine or for DEB_ARCH=arm64 or armhf.
nfpm := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.44.0
DEB_ARCH ?= $(patsubst arm,armhf,$(shell go env GOARCH))
export DEB_ARCH
export DEB_VERSION ?= $(shell deploy/debian/version)
export TARGET = $(DEB_ARCH:armhf=armv7)
export DIST = $(dist)

deb: man completions
	$(MAKE) $(dist)/friendlyfire-linux-$(TARGET)
	gzip -9nf $(dist)/friendlyfire.1
	deploy/debian/config < config.toml > $(dist)/config.toml
	rm -f $(dist)/friendlyfire_*_$(DEB_ARCH).deb
	go run $(nfpm) package --config deploy/debian/nfpm.yaml --packager deb --target $(dist)/
