package telegramtest

import "net/http"

// SetWebhook sets the webhook of another program, which then gets the updates; "" deletes it.
func (s *Server) SetWebhook(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhook = url
	s.Notify()
}

// Webhook is the address that gets the updates; "": none, so that getUpdates does.
func (s *Server) Webhook() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.webhook
}

// errWebhook is what getUpdates is answered while a webhook is set.
var errWebhook = &refusal{Code: http.StatusConflict, Text: "Conflict: can't use getUpdates method while webhook is " +
	"active; use deleteWebhook to delete the webhook first"}

func (s *Server) getWebhookInfo() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return object{
		"url": s.webhook, "has_custom_certificate": false, "pending_update_count": len(s.updates),
	}, nil
}

func (s *Server) deleteWebhook(q Request) (any, error) {
	s.SetWebhook("")
	if q.Params["drop_pending_updates"] == "true" {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.updates = nil
	}
	return true, nil
}
