package main

import (
	"net/netip"
	"strings"
)

func holdsAddress(s string) bool {
	for _, word := range strings.FieldsFunc(s, func(c rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF.:", c) }) {
		if _, err := netip.ParseAddr(strings.Trim(word, ".")); err == nil {
			return true
		}
	}
	return false
}
