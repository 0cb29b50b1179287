//go:build !long

package main

// long chooses the full size of the promises: kills, floods, hours.
const long = false
