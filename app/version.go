package app

import "runtime/debug"

// Version returns the program's version, "(devel)" if it has none, and the commit that it was built from, "" if that is
// not known.
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
