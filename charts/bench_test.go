package charts

import "testing"

func benchmark(b *testing.B, f figure) {
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		picture, err := f.PNG()
		if err != nil {
			b.Fatal(err)
		}
		size = len(picture)
	}
	b.ReportMetric(float64(size), "B/picture")
}

func BenchmarkCountries(b *testing.B) { benchmark(b, gallery(b)["bars"]) }
func BenchmarkStacked(b *testing.B)   { benchmark(b, gallery(b)["hours"]) }
func BenchmarkMonth(b *testing.B)     { benchmark(b, gallery(b)["hours-month"]) }
func BenchmarkHeat(b *testing.B)      { benchmark(b, gallery(b)["heat"]) }
func BenchmarkMap(b *testing.B)       { benchmark(b, gallery(b)["map"]) }
func BenchmarkCard(b *testing.B)      { benchmark(b, gallery(b)["card"]) }
func BenchmarkDots(b *testing.B)      { benchmark(b, gallery(b)["dots"]) }
func BenchmarkLevels(b *testing.B)    { benchmark(b, gallery(b)["levels"]) }
func BenchmarkShares(b *testing.B)    { benchmark(b, gallery(b)["shares"]) }
func BenchmarkSpans(b *testing.B)     { benchmark(b, gallery(b)["spans"]) }
