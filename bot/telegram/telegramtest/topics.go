package telegramtest

// general is the topic that every forum has, and that a message names by naming none.
const general = 1

// SetTopic makes a topic of a forum, or closes and opens it; General is 1 and exists.
func (s *Server) SetTopic(chat, topic int64, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.topics[[2]int64{chat, topic}] = closed
}

// checkTopic returns why a message cannot go to a topic. Where a group is no forum, the number of the topic is not
// looked at: https://github.com/tdlib/telegram-bot-api (check_message_topic).
func (s *Server) checkTopic(c Chat, topic int64) error {
	if !c.Topics {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if topic == general {
		return bad("message thread not found")
	}
	if topic == 0 {
		topic = general
	}
	closed, exists := s.topics[[2]int64{c.ID, topic}]
	switch {
	case !exists && topic != general:
		return bad("message thread not found")
	case closed && c.Status != "administrator" && c.Status != "creator":
		return bad("TOPIC_CLOSED")
	}
	return nil
}
