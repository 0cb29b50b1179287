//go:build !long

package harness

// Long tests the promises in their full size: kills, floods, hours.
const Long = false
