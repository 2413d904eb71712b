package live

import (
	"errors"
	"log/slog"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"lyceum/modules/chat/internal/messages"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ws"
)

// Frames that the server sends. The type comes first, so that logs of frames read well.
type (
	// welcomeFrame is the first frame of a socket. LastSeq and LastChange are where the channel is: a client
	// that has the messages up to there and passes both when it comes back misses nothing.
	welcomeFrame struct {
		Type             string          `json:"type"`
		Channel          string          `json:"channel"`
		User             usersapi.Person `json:"user"`
		LastSeq          int64           `json:"last_seq"`
		LastChange       int64           `json:"last_change"`
		HeartbeatSeconds int             `json:"heartbeat_seconds"`
	}
	// gapFrame names messages that a replay leaves out. The client can list them over HTTP.
	gapFrame struct {
		Type    string `json:"type"`
		FromSeq int64  `json:"from_seq"`
		ToSeq   int64  `json:"to_seq"`
	}
	// messageFrame is a message as it is now. ClientID is in the frame of the author only.
	messageFrame struct {
		Type      string          `json:"type"`
		Seq       int64           `json:"seq"`
		ID        string          `json:"id"`
		Channel   string          `json:"channel"`
		User      usersapi.Person `json:"user"`
		Body      string          `json:"body"`
		ClientID  *string         `json:"client_id,omitempty"`
		CreatedAt clock.Time      `json:"created_at"`
		EditedAt  *clock.Time     `json:"edited_at" nullable:"true"`
		Deleted   bool            `json:"deleted"`
	}
	// ackFrame says that a message of this socket is committed. The message itself comes in a frame of its
	// own, before or after.
	ackFrame struct {
		Type     string  `json:"type"`
		ClientID *string `json:"client_id,omitempty"`
		Seq      int64   `json:"seq"`
		ID       string  `json:"id"`
	}
	// deletedFrame says that only the tombstone of a message is left.
	deletedFrame struct {
		Type   string `json:"type"`
		Seq    int64  `json:"seq"`
		ID     string `json:"id"`
		Change int64  `json:"change"`
	}
	// editedFrame is the present body of a message that was edited.
	editedFrame struct {
		Type     string      `json:"type"`
		Seq      int64       `json:"seq"`
		ID       string      `json:"id"`
		Body     string      `json:"body"`
		EditedAt *clock.Time `json:"edited_at" nullable:"true"`
		Change   int64       `json:"change"`
	}
	// typingFrame says that somebody else is typing. No frame says that they stopped.
	typingFrame struct {
		Type string          `json:"type"`
		User usersapi.Person `json:"user"`
	}
	// presenceFrame says that an account came or left. Event is "join" or "leave".
	presenceFrame struct {
		Type  string          `json:"type"`
		Event string          `json:"event"`
		User  usersapi.Person `json:"user"`
	}
	// errorFrame is the answer to a frame that was refused. Code is a problem code, as over HTTP.
	errorFrame struct {
		Type   string `json:"type"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	// authenticatedFrame says until when the socket may live after a token was renewed.
	authenticatedFrame struct {
		Type      string     `json:"type"`
		ExpiresAt clock.Time `json:"expires_at"`
	}
	// pongFrame is the answer to a ping of the client.
	pongFrame struct {
		Type string `json:"type"`
	}
)

// encodeMessage returns the frame of a message as it is now. Only the author's frame has a client id.
func encodeMessage(slug string, m *messages.Message, author usersapi.Person, clientID *string) ws.Frame {
	return ws.EncodeFrame(messageFrame{
		Type: "message", Seq: m.Seq, ID: m.ID, Channel: slug, User: author, Body: m.Body, ClientID: clientID,
		CreatedAt: m.CreatedAt, EditedAt: m.EditedAt, Deleted: m.IsDeleted(),
	})
}

// encodeChange returns the frame of a message that was edited or deleted, as it is now.
func encodeChange(m *messages.Message) ws.Frame {
	if m.IsDeleted() {
		return ws.EncodeFrame(deletedFrame{"deleted", m.Seq, m.ID, m.Change})
	}
	return ws.EncodeFrame(editedFrame{"edited", m.Seq, m.ID, m.Body, m.EditedAt, m.Change})
}

// encodeNotification returns the frame of a notification: the fields of a JSON object and a type. It
// returns an error if raw is no JSON object.
func encodeNotification(raw jsontext.Value) (ws.Frame, error) {
	fields := map[string]jsontext.Value{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return ws.Frame{}, err
	}
	fields["type"] = jsontext.Value(`"notification"`)
	encoded, err := json.Marshal(fields, json.Deterministic(true))
	return ws.NewTextFrame(encoded), err
}

// encodeError returns the frame of an error, with the code and detail that HTTP would answer. It logs
// an error of the server and hides it from the client.
func encodeError(err error) ws.Frame {
	e, ok := apperr.As(err)
	if !ok {
		e = db.ClassifyError(err)
	}
	if e == nil {
		slog.Error("internal error on a socket", "error", err)
		e = apperr.ProblemInternalError.New("Something went wrong on our side.")
	}
	detail := e.Detail
	if len(e.Fields) > 0 {
		detail = e.Fields[0].Location + ": " + e.Fields[0].Message
	}
	return ws.EncodeFrame(errorFrame{"error", e.Code, detail})
}

// clientFrame has the fields of all frames that a client may send.
type clientFrame struct {
	Type     string  `json:"type"`
	Body     string  `json:"body"`
	ClientID *string `json:"client_id"`
	Seq      *int64  `json:"seq"`
	Token    string  `json:"token"`
}

// errNoFrame is the answer to text that is no frame.
var errNoFrame = apperr.Malformed("The frame is not a JSON object of a known form.")

// decodeClientFrame reads a frame strictly: it refuses repeated names, lone surrogates and wrong types.
func decodeClientFrame(data []byte) (f clientFrame, err error) {
	if err := json.Unmarshal(data, &f); err != nil {
		return f, errors.Join(errNoFrame, err)
	}
	return f, nil
}
