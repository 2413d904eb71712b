package program

import (
	"context"
	"net/http"

	"lyceum/platform/config"
	"lyceum/platform/embedded"
	"lyceum/platform/httpx"
	"lyceum/public"
)

// newMailboxRoutes shows the mail that the embedded sink caught; in development only.
func newMailboxRoutes(c *config.Config, sink *embedded.MailSink) httpx.Table {
	if sink == nil || c.IsProduction() {
		return httpx.Table{Module: "dev"}
	}
	return httpx.Table{Module: "dev", Routes: []httpx.Route{
		httpx.Raw(http.MethodGet, "/dev/mailbox", httpx.Public, "Caught mail", httpx.MailboxPage(public.Mailbox), httpx.HideOperation()),
		httpx.Get("/dev/mailbox/messages", httpx.Public, "Caught mail, the newest first", func(_ context.Context, in *mailboxInput) (*httpx.Response[mailboxView], error) {
			found, err := sink.List(in.Limit)
			if err != nil {
				return nil, err
			}
			return httpx.OK(mailboxView{found}), nil
		}, httpx.CountAgainstNothing()),
	}}
}

type mailboxInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type mailboxView struct {
	Items []embedded.MailboxMessage `json:"items" nullable:"false"`
}
