package program

import (
	"context"
	"path/filepath"

	"go.uber.org/fx"

	"lyceum/platform/config"
	"lyceum/platform/embedded"
	"lyceum/platform/smtp"
)

// mailParts is the sender of mail and the sink behind it, which is nil if SMTP_URL is set.
type mailParts struct {
	fx.Out
	Sender smtp.Sender
	Sink   *embedded.MailSink
}

// openMail returns a client of the server at SMTP_URL. Without one it starts a server on loopback that
// keeps mail in a folder under DATA_DIR, and stops it with the program.
func openMail(lc fx.Lifecycle, c *config.Config) (mailParts, error) {
	url := c.SMTPURL
	var sink *embedded.MailSink
	if url == "" {
		var err error
		if sink, err = embedded.NewMailSink(filepath.Join(c.DataDir, "mailbox")); err != nil {
			return mailParts{}, err
		}
		// fx stops parts in the reverse order, so the sink outlives everything that sends.
		lc.Append(fx.Hook{OnStop: func(context.Context) error { return sink.Close() }})
		url = sink.URL()
	}
	sender, err := smtp.NewClient(url, smtp.WithHello(c.PublicURL))
	if err != nil {
		return mailParts{}, &config.Error{Faults: []string{"SMTP_URL: " + err.Error()}}
	}
	return mailParts{Sender: outsideSender{sender}, Sink: sink}, nil
}
