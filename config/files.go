package config

import (
	"reflect"
	"strings"
)

// SecretFiles returns the files with secrets that the sections of the platforms name: tokens, passwords, URLs. Their
// keys end in "_file".
func (c *Config) SecretFiles() (files []string) {
	for _, s := range c.Platforms {
		for f, value := range reflect.ValueOf(s).Elem().Fields() {
			if strings.HasSuffix(f.Tag.Get("toml"), "_file") && value.String() != "" {
				files = append(files, value.String())
			}
		}
	}
	return files
}
