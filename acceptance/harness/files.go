package harness

import (
	"bytes"
	"image/png"
	"os"
)

// IsChart reports whether data is a PNG as wide as charts are.
func IsChart(data []byte) bool {
	picture, err := png.Decode(bytes.NewReader(data))
	return err == nil && picture.Bounds().Dx() == 1280
}

// FileSize is in bytes, and 0 if the file does not exist.
func FileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
