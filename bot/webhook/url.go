package webhook

import (
	"errors"
	"net/netip"
	"net/url"

	"friendlyfire/config"
)

// target is where a webhook is.
type target struct {
	url  *url.URL
	line int // of the file of URLs
}

// parseURL parses the URL of a webhook: https, or http to this machine or an address of a network that is named. Its
// errors do not quote it.
func parseURL(text string, private []netip.Prefix) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("expected a URL that begins with https://")
	}
	if u.Fragment != "" {
		return nil, errors.New("a URL with # in it cannot be sent whole")
	}
	address, err := netip.ParseAddr(u.Hostname())
	literal := err == nil
	if literal && !allowed(address, private) {
		return nil, errors.New("it is on this machine or in a private network, which [webhook] private does not name")
	}
	if u.Scheme == "http" && !config.IsLoopback(u.Hostname()) && (!literal || public(address)) {
		return nil, errors.New("needs https: http would show the message and the URL on the way, " +
			"and is for addresses of this machine and of private networks")
	}
	return u, nil
}
