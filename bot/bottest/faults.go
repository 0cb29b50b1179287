package bottest

import (
	"bytes"
	"net/http"
	"time"
)

// Cut cuts the connection of the request that the caller handles.
func Cut() { panic(http.ErrAbortHandler) }

// Hang never answers the request.
func (s *Server) Hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.closing:
	}
	Cut()
}

// Delay waits for d before the request is answered.
func (s *Server) Delay(r *http.Request, d time.Duration) {
	if !s.Sleep(r.Context(), d) {
		Cut()
	}
}

// Drip answers the request with a byte a second, without end.
func (s *Server) Drip(w http.ResponseWriter, r *http.Request) {
	for s.Sleep(r.Context(), time.Second) {
		_, _ = w.Write([]byte(" "))
		_ = http.NewResponseController(w).Flush()
	}
	Cut()
}

// Flood answers with spaces without end, as fast as the client reads them.
func Flood(w http.ResponseWriter) {
	chunk := bytes.Repeat([]byte(" "), 64<<10)
	for {
		if _, err := w.Write(chunk); err != nil {
			Cut()
		}
	}
}
