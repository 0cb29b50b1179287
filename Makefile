.PHONY: build test long bench gallery lint generate

build: # one static file; `friendlyfire version` tells the commit it was built from
	CGO_ENABLED=0 go build -trimpath -o friendlyfire .

test:
	go test ./...

long: # the promises in their full size: kills, floods, hours
	go test -count=1 -timeout=3h -tags=long ./...

bench:
	go test -run='^$$' -bench=. -benchmem ./...

gallery: # every kind of chart, of the sample and of a made-up year, in gallery/index.html
	go test -count=1 -tags=gallery -run='^TestGallery$$' -v .

lint:
	.ci/run lint

generate: # renews the built-in table of countries
	go generate ./...
