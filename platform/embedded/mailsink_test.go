package embedded

import (
	"encoding/json"
	"fmt"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/atomicfile"
)

const sampleMail = "From: Lyceum <no-reply@lyceum.local>\r\nTo: ada@example.org\r\n" +
	"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
	"Hello =C3=9C\r\nlink=3D1\r\n--b\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n<p>Hello</p>\r\n--b--\r\n"

func openSink(t *testing.T, dir string) *MailSink {
	t.Helper()
	sink, err := NewMailSink(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = sink.Close() })
	return sink
}

// post sends a message to a sink.
func post(sink *MailSink, to, data string) error {
	addr := strings.TrimPrefix(sink.URL(), "smtp://")
	return smtp.SendMail(addr, nil, "no-reply@lyceum.local", []string{to}, []byte(data))
}

func listMail(t *testing.T, sink *MailSink, limit int) []MailboxMessage {
	t.Helper()
	messages, err := sink.List(limit)
	require.NoError(t, err)
	return messages
}

func TestMailSinkDecodes(t *testing.T) {
	sink := openSink(t, t.TempDir())
	require.NoError(t, post(sink, "ada@example.org", sampleMail))
	messages := listMail(t, sink, 10)
	require.Len(t, messages, 1)
	m := messages[0]
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`, m.CreatedAt)
	require.Equal(t, MailboxMessage{
		ID: m.ID, From: "no-reply@lyceum.local", To: []string{"ada@example.org"}, Subject: "Grüße",
		Text: "Hello Ü\nlink=1", HTML: "<p>Hello</p>", CreatedAt: m.CreatedAt,
	}, m)
	raw, err := json.Marshal(m)
	require.NoError(t, err)
	for _, field := range []string{"id", "from", "to", "subject", "text", "html", "created_at"} {
		require.Contains(t, string(raw), `"`+field+`":`)
	}
}

func TestMailSinkShowsWhatItCannotDecode(t *testing.T) {
	sink := openSink(t, t.TempDir())
	for _, data := range []string{
		"no header at all\r\n", "Content-Type: multipart/mixed\r\n\r\nbody\r\n", "\r\n",
		"Subject: x\r\nContent-Type: text/plain; charset=martian\r\n\r\nbody\xff\r\n",
	} {
		require.NoError(t, post(sink, "ada@example.org", data), "%q", data)
	}
	require.Len(t, listMail(t, sink, 0), 4)
}

func TestMailSinkNewestFirstAndBounded(t *testing.T) {
	dir := t.TempDir()
	sink := openSink(t, dir)
	const sent = maxKeptMails + 7
	for i := range sent {
		require.NoError(t, sink.store.add("a@b.c", []string{"d@e.f"}, fmt.Appendf(nil, "Subject: %d\r\n\r\nx", i)))
	}
	messages := listMail(t, sink, 1000)
	require.Len(t, messages, maxKeptMails)
	require.Equal(t, fmt.Sprint(sent-1), messages[0].Subject)
	require.Equal(t, "7", messages[len(messages)-1].Subject)
	newest := listMail(t, sink, 2)
	require.Len(t, newest, 2)
	require.Equal(t, fmt.Sprint(sent-2), newest[1].Subject)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Len(t, files, maxKeptMails)
}

func TestMailSinkSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	first := openSink(t, dir)
	require.NoError(t, post(first, "ada@example.org", sampleMail))
	before := listMail(t, first, 10)
	require.NoError(t, first.Close())
	// A process that is killed in the middle of a write leaves a file that is no message.
	leftover := filepath.Join(dir, "."+before[0].ID+mailSuffix+".X"+atomicfile.TempSuffix)
	require.NoError(t, os.WriteFile(leftover, []byte("Sub"), 0o600))

	second := openSink(t, dir)
	after := listMail(t, second, 10)
	require.Len(t, after, 1)
	require.Equal(t, before[0].ID, after[0].ID)
	require.Equal(t, before[0].CreatedAt, after[0].CreatedAt)
	files, err := filepath.Glob(filepath.Join(dir, "*"+atomicfile.TempSuffix))
	require.NoError(t, err)
	require.Empty(t, files)
	require.NoError(t, post(second, "bob@example.org", sampleMail))
	require.Equal(t, []string{"bob@example.org"}, listMail(t, second, 1)[0].To)
}

func TestMailSinkTakesManyAtOnce(t *testing.T) {
	sink := openSink(t, t.TempDir())
	errs := make(chan error, 20)
	for range cap(errs) {
		go func() { errs <- post(sink, "ada@example.org", sampleMail) }()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	require.Len(t, listMail(t, sink, 0), 20)
}

func TestMailSinkFolderGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	sink := openSink(t, dir)
	require.NoError(t, os.RemoveAll(dir))
	err := post(sink, "ada@example.org", sampleMail)
	require.Error(t, err)
	require.True(t, strings.HasPrefix(err.Error(), "452"), "a folder that is gone answers %v", err)
}

// A message beyond 5 MiB is refused, and the connection's next one is taken.
func TestMailSinkRefusesLargeMessages(t *testing.T) {
	sink := openSink(t, t.TempDir())
	large := "Subject: large\r\n\r\n" + strings.Repeat(strings.Repeat("x", 78)+"\r\n", maxMailBytes/80+10)
	require.ErrorContains(t, post(sink, "ada@example.org", large), "552")
	require.NoError(t, post(sink, "ada@example.org", sampleMail))
	require.Len(t, listMail(t, sink, 0), 1)
}

// The name of a message tells when it arrived. A name of another form has no time.
func TestArrivalTime(t *testing.T) {
	arrived := arrivalTime("01a2d6ed-e68e-7000-8000-000000000000")
	require.Equal(t, "2027-01-02T15:04:05.006Z", arrived.Format(mailTime))
	require.True(t, arrivalTime("no id").IsZero())
	require.True(t, arrivalTime("").IsZero())
}
