// Worldgen makes charts/world.bin, the shapes of the world map, of the two files countries-110m.json and
// countries-50m.json of the npm package world-atlas, whose data are Natural Earth's (public domain,
// https://www.naturalearthdata.com), in the form of https://github.com/topojson/topojson-specification:
//
//	npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
//	go run ./charts/worldgen package/countries-110m.json package/countries-50m.json charts/world.bin
//
// For each country the result has its two letters, its number of rings, and for each ring its number of points and
// these: differences in pixels, as zigzag varints. A country too small for a shape has one ring of one point.
package main

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
)

// numbers are those of ISO 3166-1, each followed by its letters.
const numbers = "" +
	"004AF 008AL 010AQ 012DZ 016AS 020AD 024AO 028AG 031AZ 032AR 036AU 040AT 044BS 048BH 050BD 051AM 052BB " +
	"056BE 060BM 064BT 068BO 070BA 072BW 074BV 076BR 084BZ 086IO 090SB 092VG 096BN 100BG 104MM 108BI 112BY " +
	"116KH 120CM 124CA 132CV 136KY 140CF 144LK 148TD 152CL 156CN 158TW 162CX 166CC 170CO 174KM 175YT 178CG " +
	"180CD 184CK 188CR 191HR 192CU 196CY 203CZ 204BJ 208DK 212DM 214DO 218EC 222SV 226GQ 230ET 231ET 232ER " +
	"233EE 234FO 238FK 239GS 242FJ 246FI 248AX 250FR 254GF 258PF 260TF 262DJ 266GA 268GE 270GM 275PS 276DE " +
	"280DE 288GH 292GI 296KI 300GR 304GL 308GD 312GP 316GU 320GT 324GN 328GY 332HT 334HM 336VA 340HN 344HK " +
	"348HU 352IS 356IN 360ID 364IR 368IQ 372IE 376IL 380IT 384CI 388JM 392JP 398KZ 400JO 404KE 408KP 410KR " +
	"414KW 417KG 418LA 422LB 426LS 428LV 430LR 434LY 438LI 440LT 442LU 446MO 450MG 454MW 458MY 462MV 466ML " +
	"470MT 474MQ 478MR 480MU 484MX 492MC 496MN 498MD 499ME 500MS 504MA 508MZ 512OM 516NA 520NR 524NP 528NL " +
	"530AN 531CW 533AW 534SX 535BQ 536NT 540NC 548VU 554NZ 558NI 562NE 566NG 570NU 574NF 578NO 580MP 581UM " +
	"583FM 584MH 585PW 586PK 591PA 598PG 600PY 604PE 608PH 612PN 616PL 620PT 624GW 626TL 630PR 634QA 638RE " +
	"642RO 643RU 646RW 652BL 654SH 659KN 660AI 662LC 663MF 666PM 670VC 674SM 678ST 682SA 686SN 688RS 690SC " +
	"694SL 702SG 703SK 704VN 705SI 706SO 710ZA 716ZW 724ES 728SS 729SD 732EH 736SD 740SR 744SJ 748SZ 752SE " +
	"756CH 760SY 762TJ 764TH 768TG 772TK 776TO 780TT 784AE 788TN 792TR 795TM 796TC 798TV 800UG 804UA 807MK " +
	"810SU 818EG 826GB 831GG 832JE 833IM 834TZ 840US 850VI 854BF 858UY 860UZ 862VE 876WF 882WS 886YE 887YE " +
	"891CS 894ZM 983XK "

const width = 1184 // pixels of the whole map

type topology struct {
	Transform struct{ Scale, Translate [2]float64 }
	Arcs      [][][2]int
	Objects   struct {
		Countries struct{ Geometries []geometry }
	}
}

type geometry struct {
	Type       string
	ID         string
	Arcs       json.RawMessage
	Properties struct{ Name string }
}

type point struct{ x, y float64 } // degrees

type shape struct {
	code  string
	rings [][]point
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("want countries-110m.json, countries-50m.json and the file to write")
	}
	shapes, err := read(args[0])
	if err != nil {
		return err
	}
	fine, err := read(args[1])
	if err != nil {
		return err
	}
	for _, s := range fine { // too small for the coarse map: a point in the middle of its greatest ring
		if s.code == "" || slices.ContainsFunc(shapes, func(o shape) bool { return o.code == s.code }) {
			continue
		}
		ring := slices.MaxFunc(s.rings, func(a, b []point) int { return cmp.Compare(size(a), size(b)) })
		var mid point
		for _, p := range ring {
			mid.x, mid.y = mid.x+p.x/float64(len(ring)), mid.y+p.y/float64(len(ring))
		}
		shapes = append(shapes, shape{s.code, [][]point{{mid}}})
	}
	slices.SortStableFunc(shapes, func(a, b shape) int { return cmp.Compare(total(b), total(a)) }) // small ones on top
	var out []byte
	for _, s := range shapes {
		out = s.encode(out)
	}
	return os.WriteFile(args[2], out, 0o644)
}

func read(file string) (all []shape, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var t topology
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, err
	}
	for _, g := range t.Objects.Countries.Geometries {
		s := shape{code: code(g)}
		if s.code == "AQ" {
			continue
		}
		var polygons [][][]int
		if g.Type == "Polygon" {
			polygons = make([][][]int, 1)
			err = json.Unmarshal(g.Arcs, &polygons[0])
		} else {
			err = json.Unmarshal(g.Arcs, &polygons)
		}
		if err != nil {
			return nil, err
		}
		guiana := shape{code: "GF"} // part of France here, a country of its own in ISO 3166-1
		for _, polygon := range polygons {
			for _, ring := range cut(t.ring(polygon[0])) { // its holes are other countries, drawn on top
				if p := ring[0]; s.code == "FR" && p.x > -60 && p.x < -50 && p.y < 8 {
					guiana.rings = append(guiana.rings, ring)
				} else {
					s.rings = append(s.rings, ring)
				}
			}
		}
		if all = append(all, s); len(guiana.rings) > 0 {
			all = append(all, guiana)
		}
	}
	return all, nil
}

// code is the country of a geometry: its id is the number of ISO 3166-1, which a few have not.
func code(g geometry) string {
	if g.Properties.Name == "Kosovo" {
		return "XK"
	}
	if i := strings.Index(numbers, g.ID); len(g.ID) == 3 && i >= 0 {
		return numbers[i+3 : i+5]
	}
	return ""
}

// ring joins arcs, each a run of differences, reversed where its index is the complement.
func (t topology) ring(arcs []int) (ring []point) {
	for _, index := range arcs {
		n := index
		if n < 0 {
			n = ^n
		}
		var arc []point
		x, y := 0, 0
		for _, d := range t.Arcs[n] {
			x, y = x+d[0], y+d[1]
			arc = append(arc, point{
				float64(x)*t.Transform.Scale[0] + t.Transform.Translate[0],
				float64(y)*t.Transform.Scale[1] + t.Transform.Translate[1],
			})
		}
		if index < 0 {
			slices.Reverse(arc)
		}
		ring = append(ring, arc...)
	}
	return ring
}

// cut splits a ring at the antimeridian.
func cut(ring []point) (parts [][]point) {
	turn := 0.0
	unrolled := make([]point, len(ring))
	for i, p := range ring {
		if i > 0 {
			switch d := p.x - ring[i-1].x; {
			case d > 180:
				turn -= 360
			case d < -180:
				turn += 360
			}
		}
		unrolled[i] = point{p.x + turn, p.y}
	}
	for _, shift := range []float64{-360, 0, 360} {
		part := clip(clip(unrolled, -180+shift, 1), 180+shift, -1)
		for i := range part {
			part[i].x -= shift
		}
		if len(part) > 2 {
			parts = append(parts, part)
		}
	}
	return parts
}

// clip keeps what is east (1) or west (-1) of a meridian.
func clip(ring []point, at, side float64) (kept []point) {
	for i, b := range ring {
		a := ring[(i+len(ring)-1)%len(ring)]
		da, db := (a.x-at)*side, (b.x-at)*side
		if (da < 0) != (db < 0) {
			kept = append(kept, point{at, a.y + (b.y-a.y)*da/(da-db)})
		}
		if db >= 0 {
			kept = append(kept, b)
		}
	}
	return kept
}

// project is the Natural Earth projection: B. Šavrič, T. Patterson and B. Jenny, "The Natural Earth II world map
// projection" and its predecessor (2011), in pixels from the upper left corner of the map.
func project(p point) (x, y int) {
	l, f := p.x*math.Pi/180, p.y*math.Pi/180
	f2 := f * f
	f4 := f2 * f2
	const scale = width / (2 * math.Pi * 0.8707)
	px := l * (0.8707 - 0.131979*f2 + f4*(-0.013791+f4*(0.003971*f2-0.001529*f4)))
	py := f * (1.007226 + f2*(0.015085+f4*(-0.044475+0.028874*f2-0.005916*f4)))
	return int(math.Round(px*scale + width/2)), int(math.Round((1.435 - py) * scale))
}

func (s shape) encode(out []byte) []byte {
	code := s.code
	if code == "" {
		code = "--"
	}
	var rings [][]byte
	for _, ring := range s.rings {
		var points []byte
		n, lastX, lastY := 0, 0, 0
		for _, p := range ring {
			x, y := project(p)
			if n > 0 && x == lastX && y == lastY {
				continue
			}
			points = binary.AppendVarint(binary.AppendVarint(points, int64(x-lastX)), int64(y-lastY))
			n, lastX, lastY = n+1, x, y
		}
		if n > 2 || len(ring) == 1 || len(s.rings) == 1 {
			rings = append(rings, append(binary.AppendUvarint(nil, uint64(n)), points...))
		}
	}
	out = binary.AppendUvarint(append(out, code...), uint64(len(rings)))
	for _, ring := range rings {
		out = append(out, ring...)
	}
	return out
}

// size is the area of a ring in square degrees.
func size(ring []point) (area float64) {
	for i, b := range ring {
		a := ring[(i+len(ring)-1)%len(ring)]
		area += (a.x*b.y - b.x*a.y) / 2
	}
	return math.Abs(area)
}

func total(s shape) (area float64) {
	for _, ring := range s.rings {
		area += size(ring)
	}
	return area
}
