//go:build !long

package whatif

const manyWorlds = 300
