//go:build long

package harness

// Long chooses the full size of the promises: kills, floods, hours.
const Long = true
