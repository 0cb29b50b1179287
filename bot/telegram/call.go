package telegram

import (
	"context"
	"encoding/json"
	"time"

	tg "github.com/go-telegram-bot-api/telegram-bot-api/v5"
)

// callLimit bounds every request but the long poll, from the first packet to the last.
const callLimit = 15 * time.Second

// call asks the Bot API for a method and returns the answer's result, or an error of errors.go. A photo travels as
// the file of that name.
func (c *Client) call(ctx context.Context, limit time.Duration, method string, params tg.Params, photo []byte) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	w := &transport{ctx: ctx, client: c.http}
	api := &tg.BotAPI{Token: c.token, Client: w} // the library's own constructor asks the network
	api.SetAPIEndpoint(c.endpoint)

	var answer *tg.APIResponse
	var err error
	if photo == nil {
		answer, err = api.MakeRequest(method, params)
	} else {
		file := tg.FileBytes{Name: "chart.png", Bytes: photo}
		answer, err = api.UploadFiles(method, params, []tg.RequestFile{{Name: "photo", Data: file}})
	}
	if err != nil {
		return nil, c.failure(method, w, answer, err)
	}
	return answer.Result, nil
}

// ask is a call whose result is decoded into v.
func (c *Client) ask(ctx context.Context, limit time.Duration, method string, params tg.Params, v any) error {
	result, err := c.call(ctx, limit, method, params, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(result, v); err != nil {
		return c.hide(method, err)
	}
	return nil
}

// encode is a parameter that holds JSON.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers and slices of them always marshal
	}
	return string(b)
}
