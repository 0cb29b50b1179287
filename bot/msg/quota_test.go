package msg

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestAQuotaCountsWhatMayHaveArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewQuota(2, time.Minute)
		for _, in := range []error{&RetryAfterError{}, &NotSentError{}, &RejectedError{}} {
			for range 5 {
				q.Take(in)
			}
		}
		for _, in := range []error{nil, errors.New("EOF")} {
			if wait := q.Wait(); wait != 0 {
				t.Errorf("wait %v before %v", wait, in)
			}
			q.Take(in)
		}
		if wait := q.Wait(); wait != time.Minute {
			t.Errorf("wait %v, want a minute", wait)
		}
		if wait := q.Wait(); wait != time.Minute {
			t.Errorf("asking costs something: wait %v", wait)
		}
		time.Sleep(time.Minute)
		if wait := q.Wait(); wait != 0 {
			t.Errorf("wait %v after it", wait)
		}
		var none *Quota
		none.Take(nil)
		if wait := none.Wait(); wait != 0 {
			t.Errorf("no quota: wait %v", wait)
		}
	})
}
