package telegram

import (
	"context"
	"encoding/json"
	"time"

	tg "github.com/go-telegram-bot-api/telegram-bot-api/v5"
)

// callLimit bounds every request but the long poll, from the first packet to the last.
const callLimit = 15 * time.Second

// call calls a method of the Bot API and returns its result, or an error as described at callError. A photo is uploaded
// as the parameter of that name.
func (c *Client) call(
	ctx context.Context, limit time.Duration, method string, params tg.Params, photo []byte,
) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	t := &transport{ctx: ctx, client: c.http, answered: c.SawAnswer}
	api := &tg.BotAPI{Token: c.token, Client: t} // the library's own constructor makes a request
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
		return nil, c.callError(method, t, answer, err)
	}
	return answer.Result, nil
}

// callInto calls a method and decodes its result into v.
func (c *Client) callInto(ctx context.Context, limit time.Duration, method string, params tg.Params, v any) error {
	result, err := c.call(ctx, limit, method, params, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(result, v); err != nil {
		return c.redact(method, err)
	}
	return nil
}

// encode returns v as JSON, for a parameter.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers and slices of them always marshal
	}
	return string(b)
}
