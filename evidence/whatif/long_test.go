//go:build long

package whatif

const manyWorlds = 10_000
