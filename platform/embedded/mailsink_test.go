package embedded

import (
	"encoding/json"
	"fmt"
	"net/smtp"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

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
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sink.Close() })
	return sink
}

func post(sink *MailSink, to, data string) error {
	addr := strings.TrimPrefix(sink.URL(), "smtp://")
	return smtp.SendMail(addr, nil, "no-reply@lyceum.local", []string{to}, []byte(data))
}

func listMail(t *testing.T, sink *MailSink, limit int) []MailboxMessage {
	t.Helper()
	messages, err := sink.List(limit)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

func TestMailSinkDecodes(t *testing.T) {
	sink := openSink(t, t.TempDir())
	if err := post(sink, "ada@example.org", sampleMail); err != nil {
		t.Fatal(err)
	}
	messages := listMail(t, sink, 10)
	if len(messages) != 1 {
		t.Fatalf("%d messages", len(messages))
	}
	m := messages[0]
	if m.From != "no-reply@lyceum.local" || len(m.To) != 1 || m.To[0] != "ada@example.org" ||
		m.Subject != "Grüße" || m.Text != "Hello Ü\nlink=1" || m.HTML != "<p>Hello</p>" {
		t.Errorf("decoded %+v", m)
	}
	if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`).MatchString(m.CreatedAt) {
		t.Errorf("created_at %q", m.CreatedAt)
	}
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"id", "from", "to", "subject", "text", "html", "created_at"} {
		if !strings.Contains(string(raw), `"`+field+`":`) {
			t.Errorf("no field %s in %s", field, raw)
		}
	}
}

func TestMailSinkShowsWhatItCannotDecode(t *testing.T) {
	sink := openSink(t, t.TempDir())
	for _, data := range []string{"no header at all\r\n", "Content-Type: multipart/mixed\r\n\r\nbody\r\n", "\r\n", "Subject: x\r\nContent-Type: text/plain; charset=martian\r\n\r\nbody\xff\r\n"} {
		if err := post(sink, "ada@example.org", data); err != nil {
			t.Fatalf("%q: %v", data, err)
		}
	}
	if n := len(listMail(t, sink, 0)); n != 4 {
		t.Errorf("%d messages listed, want 4", n)
	}
}

func TestMailSinkNewestFirstAndBounded(t *testing.T) {
	dir := t.TempDir()
	sink := openSink(t, dir)
	const sent = maxKeptMails + 7
	for i := range sent {
		if err := sink.store.add("a@b.c", []string{"d@e.f"}, fmt.Appendf(nil, "Subject: %d\r\n\r\nx", i)); err != nil {
			t.Fatal(err)
		}
	}
	messages := listMail(t, sink, 1000)
	if len(messages) != maxKeptMails {
		t.Fatalf("%d kept", len(messages))
	}
	if messages[0].Subject != fmt.Sprint(sent-1) || messages[len(messages)-1].Subject != "7" {
		t.Errorf("from %s to %s", messages[0].Subject, messages[len(messages)-1].Subject)
	}
	if got := listMail(t, sink, 2); len(got) != 2 || got[1].Subject != fmt.Sprint(sent-2) {
		t.Errorf("limit 2 gives %+v", got)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != maxKeptMails {
		t.Errorf("%d files, %v", len(files), err)
	}
}

func TestMailSinkSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	first := openSink(t, dir)
	if err := post(first, "ada@example.org", sampleMail); err != nil {
		t.Fatal(err)
	}
	before := listMail(t, first, 10)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	// What a process killed in the middle of a write leaves behind is no message.
	if err := os.WriteFile(filepath.Join(dir, "."+before[0].ID+mailSuffix+".X"+atomicfile.TempSuffix), []byte("Sub"), 0o600); err != nil {
		t.Fatal(err)
	}
	second := openSink(t, dir)
	after := listMail(t, second, 10)
	if len(after) != 1 || after[0].ID != before[0].ID || after[0].CreatedAt != before[0].CreatedAt {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*"+atomicfile.TempSuffix)); len(files) != 0 {
		t.Errorf("left over: %v", files)
	}
	if err := post(second, "bob@example.org", sampleMail); err != nil {
		t.Fatal(err)
	}
	if got := listMail(t, second, 1); got[0].To[0] != "bob@example.org" {
		t.Errorf("newest is %+v", got[0])
	}
}

func TestMailSinkTakesManyAtOnce(t *testing.T) {
	sink := openSink(t, t.TempDir())
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := post(sink, "ada@example.org", sampleMail); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(listMail(t, sink, 0)); n != 20 {
		t.Errorf("%d of 20 messages kept", n)
	}
}

func TestMailSinkFolderGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	sink := openSink(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := post(sink, "ada@example.org", sampleMail); err == nil || !strings.HasPrefix(err.Error(), "452") {
		t.Errorf("a folder that is gone answers %v", err)
	}
}
