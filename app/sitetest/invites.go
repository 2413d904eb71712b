package sitetest

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Invite creates an invite.
func (s *Site) Invite(admin string, body map[string]any) Answer {
	s.T.Helper()
	return s.Want(201, "POST", "/admin/invites", admin, body)
}

// Redeem redeems a code; it may be refused.
func (s *Site) Redeem(token, code string) Answer {
	s.T.Helper()
	return s.Call("POST", "/invites/redeem", token, map[string]string{"code": code})
}

// TryRedeem redeems a code and reports whether the answer says that it is done. The server may end
// meanwhile, or answer an error of its own.
func (s *Site) TryRedeem(token, code string) bool {
	s.T.Helper()
	res, err := Client.Do(s.newRequest("POST", "/invites/redeem", token, map[string]string{"code": code}, nil))
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return err == nil && res.StatusCode == http.StatusOK
}

// MailedCodes returns the codes of all invites that were mailed to an address.
func (s *Site) MailedCodes(email string) (codes []string) {
	s.T.Helper()
	for _, item := range s.Mails() {
		mail := Answer{JSON: item.(map[string]any)}
		if _, rest, found := strings.Cut(mail.Text("text"), "/join#code="); found && mail.Text("to.0") == email {
			codes = append(codes, strings.Fields(rest)[0])
		}
	}
	return codes
}

// Batch returns the body of a batch with a row for each address.
func Batch(emails ...string) map[string]any {
	rows := make([]map[string]string, len(emails))
	for i, e := range emails {
		rows[i] = map[string]string{"email": e}
	}
	return map[string]any{"rows": rows}
}

// With adds fields to a body and returns it. more holds names and values in turn.
func With(body map[string]any, more ...any) map[string]any {
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return body
}

// RowStatuses returns the status of each row of a batch, with the code of its error behind it.
func RowStatuses(t testing.TB, a Answer) (statuses []string) {
	t.Helper()
	for i, r := range a.Get("results").([]any) {
		row := r.(map[string]any)
		require.EqualValues(t, i+1, row["row"])
		status := row["status"].(string)
		if row["error"] != nil {
			status += " " + row["error"].(string)
		}
		statuses = append(statuses, status)
	}
	return statuses
}
