.PHONY: build test docs long bench growth fleet benchmarks benchstat gallery messages scenes lint generate release man completions \
	documents packages deb image bill

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

fleet: # how the bot of a fleet does with 100 to 10,000 servers, and docs/pictures/fleet.png of that
	go test -count=1 -timeout=1h -tags=bench -run='^TestFleetGrowth$$' -v ./acceptance/fleet

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

scenes: # who is taken for a person and who for an attacker, by kinds, kinds set aside apart; and the alerts of ten scenes
	go test -count=1 -v -run='TestAPerson|TestVerdictsHold|TestAttackersOfARealLog|TestJ01|TestPeopleWho|TestStolen|TenScenes' ./evidence ./bot

# The documentation as a site, in dist/docs; then a browser looks at it. It needs hugo, npm and chromium, of any
# distribution. SHOTS=folder keeps a picture of every page.
docs:
	npm ci --prefix docs/site --ignore-scripts --no-audit --no-fund --silent
	hugo --source . --config docs/site/hugo.toml --noBuildLock --panicOnWarning --cleanDestinationDir --destination $(dist)/docs
	install -D -m 0644 -t $(dist)/docs/player docs/site/node_modules/asciinema-player/dist/bundle/asciinema-player.min.js \
		docs/site/node_modules/asciinema-player/dist/bundle/asciinema-player.css
	go test -count=1 -tags=gallery -run='^TestRecordTheDemonstration$$' ./acceptance -args -cast='$(abspath $(dist))/docs/demo.cast'
	node docs/site/look.mjs $(dist)/docs $(SHOTS)

lint:
	.ci/run lint

generate: # renews the built-in table of countries and networks
	go generate ./...

# What is released is made of the last commit: its time is that of the files within, and the same commit and the same Go
# make the same bytes. No path, no C, no setting of this machine gets in.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)
version := $(patsubst v%,%,$(shell git describe --tags --match='v[0-9]*' 2>/dev/null || echo v0-$$(git rev-parse --short=12 HEAD)))

machines := linux-amd64 linux-arm64 linux-armv7 linux-armv6 freebsd-amd64
programs := $(addprefix $(dist)/friendlyfire-,$(machines))
tarballs := $(machines:%=$(dist)/friendlyfire-$(version)-%.tar.gz)
images := $(addprefix $(dist)/friendlyfire-$(version)-image-,amd64.tar.gz arm64.tar.gz)

release: changed $(tarballs) $(images) bill # all that a page of a release holds, and what it must hash to
	for arch in amd64 arm64 armv7; do $(MAKE) packages ARCH=$$arch || exit; done
	cd $(dist) && sha256sum $$(ls | grep -E '^friendlyfire[-_].*(\.tar\.gz|\.deb|\.rpm|\.apk|\.zst|\.json|linux-amd64)$$') > SHA256SUMS

bill: $(dist)/friendlyfire-linux-amd64 # what the program is made of
	go run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0 bin -json -noserial -notimestamp \
		-output $(dist)/friendlyfire-$(version).cdx.json $<

.PHONY: changed
changed: # CHANGELOG.md tells of what is released; candidates and what lies between two tags are not
	@case '$(version)' in *-*) ;; *) grep -q '^## $(version) (' CHANGELOG.md || \
		{ echo 'CHANGELOG.md has no "## $(version) (date)"' >&2; exit 1; } ;; esac

.PHONY: $(programs)
$(dist)/friendlyfire-linux-amd64: settings = GOOS=linux GOARCH=amd64 GOAMD64=v1
$(dist)/friendlyfire-linux-arm64: settings = GOOS=linux GOARCH=arm64 GOARM64=v8.0
$(dist)/friendlyfire-linux-armv7: settings = GOOS=linux GOARCH=arm GOARM=7
$(dist)/friendlyfire-linux-armv6: settings = GOOS=linux GOARCH=arm GOARM=6
$(dist)/friendlyfire-freebsd-amd64: settings = GOOS=freebsd GOARCH=amd64 GOAMD64=v1
$(programs):
	$(settings) CGO_ENABLED=0 GOFLAGS= GOEXPERIMENT= GOFIPS140=off \
		go build -trimpath -buildvcs=true -ldflags='-s -w' -o $@ .

documents: man completions # what goes into packages and tarballs beside the program
	gzip -9nkf $(dist)/friendlyfire.1
	PACKAGE_VERSION=$$(deploy/package/version deb) deploy/debian/changelog | gzip -9n > $(dist)/changelog.gz
	deploy/debian/config < config.toml > $(dist)/config.toml

$(tarballs): $(dist)/friendlyfire-$(version)-%.tar.gz: $(dist)/friendlyfire-% documents
	tar --create --sort=name --owner=0 --group=0 --numeric-owner --mode=u+rwX,go+rX,go-w --mtime=@$(SOURCE_DATE_EPOCH) \
		--transform='s,^$(dist)/friendlyfire-$*$$,friendlyfire,' --transform='s,^$(dist)/,,' \
		--transform='s,^,friendlyfire-$(version)/,' \
		$< $(dist)/friendlyfire.1 $(dist)/completion LICENSE README.md MANUAL.md CHANGELOG.md docs/*.md config.toml deploy | \
		gzip -9n > $@

man: # dist/friendlyfire.1, of what the commands say of themselves
	mkdir -p $(dist)
	go test -count=1 -run='^TestManPageIsComplete$$' ./cli -args -man='$(abspath $(dist))/friendlyfire.1'

completions: # dist/completion/bash and others
	mkdir -p $(dist)/completion
	for shell in bash zsh fish; do go run . completion $$shell > $(dist)/completion/$$shell || exit; done

# Packages for Debian, Fedora, Alpine and Arch and their kin, for this kind of machine or for ARCH=arm64 or armv7.
nfpm := go run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
ARCH ?= $(patsubst arm,armv7,$(shell go env GOARCH))
kinds := deb rpm apk archlinux
export DIST = $(dist)
export TARGET = $(ARCH)
export PACKAGE_ARCH = $(ARCH:armv7=arm7)

packages: $(kinds)

.PHONY: $(kinds)
deb: export ZSH_COMPLETIONS = /usr/share/zsh/vendor-completions
rpm apk archlinux: export ZSH_COMPLETIONS = /usr/share/zsh/site-functions
$(kinds): $(dist)/friendlyfire-linux-$(ARCH) documents
	touch -d @$(SOURCE_DATE_EPOCH) deploy/openrc/*install # an apk keeps the times of its scripts
	PACKAGE_VERSION=$$(deploy/package/version $@) \
		$(nfpm) package --config deploy/package/nfpm.yaml --packager $@ --target $(dist)/

image: $(dist)/friendlyfire-$(version)-image-$(ARCH).tar.gz # a container for docker load, without a base image; needs buildah

$(images): $(dist)/friendlyfire-$(version)-image-%.tar.gz: $(dist)/friendlyfire-linux-%
	deploy/container/build $< $* $(basename $@)
	gzip -9nf $(basename $@)
