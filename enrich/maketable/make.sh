#!/bin/sh
# Makes networks.mmdb in the working directory of the newest data packages.
set -eu
here=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
for package in geo-whois-asn-country-mmdb asn; do
	tar -xzf "$(npm pack --silent "@ip-location-db/$package")" --transform "s:^package:$package:"
done
cd "$here"
go run ./maketable "$tmp/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb" \
	"$tmp/asn/asn-ipv4.csv" "$tmp/asn/asn-ipv6.csv" networks.mmdb
