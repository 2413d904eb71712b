package program

import (
	"context"
	"path/filepath"

	"go.uber.org/fx"

	"lyceum/platform/config"
	"lyceum/platform/embedded"
	"lyceum/platform/smtp"
)

// mailParts is the sender, and the sink behind it when mail is embedded.
type mailParts struct {
	fx.Out
	Sender smtp.Sender
	Sink   *embedded.MailSink
}

func openMail(lc fx.Lifecycle, c *config.Config) (mailParts, error) {
	url := c.SMTPURL
	var sink *embedded.MailSink
	if url == "" {
		var err error
		if sink, err = embedded.NewMailSink(filepath.Join(c.DataDir, "mailbox")); err != nil {
			return mailParts{}, err
		}
		lc.Append(fx.Hook{OnStop: func(context.Context) error { return sink.Close() }})
		url = sink.URL()
	}
	sender, err := smtp.NewClient(url, smtp.WithHello(c.PublicURL))
	if err != nil {
		return mailParts{}, &config.Error{Faults: []string{"SMTP_URL: " + err.Error()}}
	}
	return mailParts{Sender: outsideSender{sender}, Sink: sink}, nil
}
