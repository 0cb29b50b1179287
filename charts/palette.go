package charts

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"slices"

	"github.com/wcharczuk/go-chart/v2/drawing"
)

// paletteSize is the size of a picture's palette. Up to forty colours are those of the theme; the others are blends
// along the edges of letters and areas, where a few look as good as all of them and take far fewer bytes.
const paletteSize = 48

// bigPicture is the size in bytes from which a picture is compressed better, which takes three times as long.
const bigPicture = 56_000

// encode encodes an opaque image as a PNG with a palette, in which the flat colours are exact. It is a quarter the size
// of one without, and three times faster to encode. The image is overwritten.
func encode(img *image.RGBA, flat []drawing.Color) ([]byte, error) {
	reduced := quantize(img, flat)
	var b bytes.Buffer
	for _, level := range []png.CompressionLevel{png.BestSpeed, png.DefaultCompression} {
		b.Reset()
		e := png.Encoder{CompressionLevel: level}
		if err := e.Encode(&b, reduced); err != nil {
			return nil, err
		}
		if b.Len() < bigPicture {
			break
		}
	}
	return b.Bytes(), nil
}

// bucket contains the colours that share the upper five bits of each channel. It is represented by a flat colour in it,
// or else by the colour of the majority of its pixels (a majority vote).
type bucket struct {
	colour uint32
	votes  int32
	count  int32 // pixels
	key    uint16
	flat   bool
}

// quantize converts the image to one with a palette, in the same memory.
func quantize(img *image.RGBA, flat []drawing.Color) *image.Paletted {
	buckets := make([]bucket, 1<<15)
	for _, c := range flat {
		colour := uint32(c.R) | uint32(c.G)<<8 | uint32(c.B)<<16 | 0xff<<24
		buckets[key(colour)] = bucket{colour: colour, flat: true}
	}
	eachRun(img, func(colour uint32, _, pixels int) {
		b, length := &buckets[key(colour)], int32(pixels) //nolint:gosec // a picture has a million
		b.count += length
		switch {
		case b.flat:
		case b.colour == colour:
			b.votes += length
		case b.votes < length:
			b.colour, b.votes = colour, length-b.votes
		default:
			b.votes -= length
		}
	})

	used := make([]bucket, 0, 1024)
	for k, b := range buckets {
		if b.count > 0 {
			b.key = uint16(k) //nolint:gosec // 15 bits
			used = append(used, b)
		}
	}
	slices.SortFunc(used, func(a, b bucket) int {
		if a.flat != b.flat {
			if a.flat {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.key, b.key))
	})

	kept := used[:min(len(used), paletteSize)]
	index := make([]uint8, 1<<15)
	palette := make(color.Palette, len(kept))
	for i, b := range kept {
		palette[i] = color.RGBA{R: uint8(b.colour), G: uint8(b.colour >> 8), B: uint8(b.colour >> 16), A: 255}
		index[b.key] = uint8(i)
	}
	for _, b := range used[len(kept):] {
		index[b.key] = nearest(kept, b.colour)
	}

	// Writing never overtakes reading: an index takes a quarter of the bytes of its pixel.
	out := &image.Paletted{Pix: img.Pix[:len(img.Pix)/4], Stride: img.Rect.Dx(), Rect: img.Rect, Palette: palette}
	eachRun(img, func(colour uint32, at, length int) {
		i, run := index[key(colour)], out.Pix[at:at+length]
		for k := range run {
			run[k] = i
		}
	})
	return out
}

// eachRun calls f for each run of one colour, with the index of its first pixel and its length in pixels.
func eachRun(img *image.RGBA, f func(colour uint32, at, length int)) {
	pix := img.Pix
	start, colour := 0, binary.LittleEndian.Uint32(pix)
	n := len(pix) / 4
	for i := 1; i < n; i++ {
		// Nearly all of a chart is background: skip two pixels at a time.
		for two := uint64(colour)<<32 | uint64(colour); i+2 < n && binary.LittleEndian.Uint64(pix[4*i:]) == two; {
			i += 2
		}
		if c := binary.LittleEndian.Uint32(pix[4*i:]); c != colour {
			f(colour, start, i-start)
			start, colour = i, c
		}
	}
	f(colour, start, n-start)
}

func key(c uint32) int {
	return int(c&0xf8)<<7 | int(c>>8&0xf8)<<2 | int(c>>16&0xf8)>>3
}

func nearest(kept []bucket, colour uint32) uint8 {
	best, least := 0, int(^uint(0)>>1)
	for i, b := range kept {
		var d int
		for shift := 0; shift < 24; shift += 8 {
			x := int(b.colour>>shift&0xff) - int(colour>>shift&0xff)
			d += x * x
		}
		if d < least {
			best, least = i, d
		}
	}
	return uint8(best)
}
