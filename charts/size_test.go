package charts

import "testing"

// A picture is a message on a phone's connection.
func TestPicturesAreSmall(t *testing.T) {
	const most = 60_000 // bytes
	for name, f := range gallery(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := f.PNG()
			if err != nil || len(b) > most {
				t.Errorf("%d bytes, want %d at most; %v", len(b), most, err)
			}
		})
	}
}
