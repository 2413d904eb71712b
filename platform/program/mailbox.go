package program

import (
	"context"
	_ "embed"
	"net/http"

	"lyceum/platform/config"
	"lyceum/platform/embedded"
	"lyceum/platform/httpx"
	"lyceum/public"
)

// examples are calls of the routes, for the API document. A test sends them.
//
//go:embed examples.json
var examples []byte

// newMailboxRoutes returns the routes that show the mail in the embedded sink. There are none in
// production, as anybody could read the mail.
func newMailboxRoutes(c *config.Config, sink *embedded.MailSink) httpx.Table {
	if sink == nil || c.IsProduction() {
		return httpx.Table{Module: "dev"}
	}
	return httpx.Table{Module: "dev", About: "In development only: the mails that were caught.", Examples: examples, Routes: []httpx.Route{
		httpx.Raw(http.MethodGet, "/dev/mailbox", httpx.Public, "Show caught mails",
			httpx.MailboxPage(public.Mailbox), httpx.HideOperation()),
		httpx.Get("/dev/mailbox/messages", httpx.Public, "List caught mails",
			mailboxHandler{sink}.listMessages, httpx.CountAgainstNothing(),
			httpx.DescribeOperation("In development only. Returns the mails that the server has sent, the newest first.")),
	}}
}

// mailboxHandler answers from the mail in a sink. The page of the mailbox asks it every few seconds, so
// its requests are not limited.
type mailboxHandler struct{ sink *embedded.MailSink }

// listMessages returns the newest messages.
func (h mailboxHandler) listMessages(
	_ context.Context, in *mailboxInput,
) (*httpx.Response[mailboxView], error) {
	found, err := h.sink.List(in.Limit)
	if err != nil {
		return nil, err
	}
	return httpx.OK(mailboxView{found}), nil
}

// mailboxInput is the query of listMessages. The maximum is the number of messages that a sink keeps.
type mailboxInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

// mailboxView is the answer of listMessages.
type mailboxView struct {
	Items []embedded.MailboxMessage `json:"items" nullable:"false"`
}
