package main

import (
	"context"
	"net/http"
	"slices"

	"github.com/gofiber/fiber/v2"

	"lyceum/platform/blob"
	"lyceum/platform/config"
	"lyceum/platform/embedded"
	"lyceum/platform/httpx"
	"lyceum/public"
)

// newDevRoutes shows the mail that the embedded sink caught; in development only.
func newDevRoutes(c *config.Config, sink *embedded.MailSink) httpx.Table {
	if sink == nil || c.Production() {
		return httpx.Table{Module: "dev"}
	}
	return httpx.Table{Module: "dev", Routes: []httpx.Route{
		httpx.Raw(http.MethodGet, "/dev/mailbox", httpx.Public, "Caught mail", httpx.MailboxPage(public.Mailbox), httpx.Hidden()),
		httpx.Get("/dev/mailbox/messages", httpx.Public, "Caught mail, the newest first", func(_ context.Context, in *mailboxInput) (*httpx.Response[mailboxView], error) {
			found, err := sink.List(in.Limit)
			if err != nil {
				return nil, err
			}
			return httpx.OK(mailboxView{found}), nil
		}, httpx.Unlimited()),
	}}
}

type mailboxInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type mailboxView struct {
	Items []embedded.MailboxMessage `json:"items" nullable:"false"`
}

// newObjectRoutes serves the embedded store's signed URLs. They stand outside the document: what
// they answer is the store's business, as with any S3.
func newObjectRoutes(f *blob.Folder, c *config.Config) httpx.Table {
	if f == nil || slices.Contains(c.ModulesDisabled, "storage") {
		return httpx.Table{Module: "objects"}
	}
	var routes []httpx.Route
	for _, method := range []string{http.MethodGet, http.MethodPut} {
		routes = append(routes, httpx.Raw(method, "/objects/{id}", httpx.Public, "An object by signed URL", objectHandler(f), httpx.Hidden()))
	}
	return httpx.Table{Module: "objects", Routes: routes}
}

func objectHandler(f *blob.Folder) fiber.Handler { return f.Handler() }
