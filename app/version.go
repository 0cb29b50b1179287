package app

import (
	"runtime/debug"
)

// Version returns the version, "(devel)" where there is none, and the commit that the program was built from.
func Version() (version, revision string) {
	version = "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				revision = setting.Value
			}
		}
	}
	return version, revision
}
