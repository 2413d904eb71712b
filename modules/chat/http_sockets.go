package chat

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"lyceum/modules/chat/internal/live"
	"lyceum/modules/chat/internal/tickets"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/ws"
)

// presentView is an account with open sockets in a channel.
type presentView struct {
	User  personView `json:"user"`
	Since clock.Time `json:"since"`
}

// presenceView is everybody who is present in a channel. It has no pages, as clients show all at
// once.
type presenceView struct {
	Items []presentView `json:"items" nullable:"false"`
}

var listPresentDoc = httpx.DescribeOperation("" +
	"Returns the accounts with open sockets in the channel, on any replica, the earliest first. The " +
	"list is not in pages.")

// listPresent returns the accounts that are present in a channel.
func (h *handlers) listPresent(ctx context.Context, in *slugInput) (*httpx.Response[presenceView], error) {
	entries, err := h.service.listPresent(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	accountIDs := make([]string, len(entries))
	for i, e := range entries {
		accountIDs[i] = e.UserID
	}
	people, err := h.service.loadPeople(ctx, accountIDs)
	if err != nil {
		return nil, err
	}
	view := presenceView{make([]presentView, len(entries))}
	for i, e := range entries {
		view.Items[i] = presentView{personView(people[e.UserID]), e.Since}
	}
	return httpx.OK(view).WithETag(), nil
}

// ticketInput has the header that the access rule has checked before.
type ticketInput struct {
	// Authorization has the token whose end is the end of the socket. identity.Caller does not
	// carry that time, so createTicket reads it from the token.
	Authorization string `header:"Authorization" hidden:"true"`
}

// ticketView is a ticket, which no later request shows again.
type ticketView struct {
	Ticket    string `json:"ticket" doc:"For ?ticket=, once"`
	ExpiresIn int    `json:"expires_in" doc:"Seconds"`
}

var createTicketDoc = httpx.DescribeOperation("" +
	"For browsers, which can't send an Authorization header with a WebSocket. The ticket opens one " +
	"socket on any replica, within 30 seconds. The socket ends when one that was opened with the " +
	"caller's token would.")

// createTicket returns a ticket for the caller's session.
func (h *handlers) createTicket(ctx context.Context, in *ticketInput) (*httpx.Response[ticketView], error) {
	_, token, _ := strings.Cut(in.Authorization, " ")
	_, expires, err := h.authenticator.SignIn(ctx, strings.TrimSpace(token))
	if err != nil {
		return nil, err
	}
	code, err := h.tickets.Issue(ctx, expires)
	if err != nil {
		return nil, err
	}
	return httpx.Created("", ticketView{code, int(tickets.Life.Seconds())}), nil
}

var openSocketDoc = httpx.DescribeOperation("" +
	"Credentials: `?token=`, `?ticket=` (POST /ws/tickets), `Authorization`, or the subprotocols " +
	"`bearer, <token>`. `?after_seq=` sends what was missed, the newest 5,000 messages at most; a " +
	"`gap` frame names what lies before. `?after_change=` (the `last_change` of `welcome`, or the " +
	"newest `change` seen) sends the newest state of the messages up to `after_seq` that were edited " +
	"or deleted since, in the order of `change`: the newest 5,000 at most, after a `gap` frame that " +
	"spans the others. Frames are JSON text. Client: message, typing, read, auth, ping. Server: " +
	"welcome, message, ack, deleted, edited, typing, presence, notification, gap, error, " +
	"authenticated, pong. Close codes: 4401 token or session ended, 4403 right lost, 4404 channel " +
	"deleted, 4408 too slow, 1003 binary, 1007 not UTF-8, 1009 over 16 KiB, 1001 server going away.")

// openSocket returns the handler of sockets. It answers every refusal before the upgrade.
func (h *handlers) openSocket() fiber.Handler {
	return h.hub.UpgradeHandler(ws.Endpoint{
		Needs: permissionRead, RedeemTicket: h.tickets.Redeem, Accept: h.acceptSocket,
	})
}

// acceptSocket returns the session of a reader. It returns 422 for an after_seq or after_change
// that is not a whole number from 0, 404 for a channel that does not exist and 403 for one that the
// caller may not read.
func (h *handlers) acceptSocket(ctx context.Context, r ws.OpenRequest) (ws.Session, error) {
	afterSeq, seqFault := parseQueryNumber(r, "after_seq")
	afterChange, changeFault := parseQueryNumber(r, "after_change")
	if faults := slices.Concat(seqFault, changeFault); len(faults) > 0 {
		return nil, apperr.InvalidFields(faults...)
	}
	c, err := h.service.findReadable(ctx, r.PathParam("slug"))
	if err != nil {
		return nil, err
	}
	return h.feeds.NewSession(live.Opening{
		ChannelID: c.ID, Slug: c.Slug, AccountID: identity.CallerFrom(ctx).UserID,
		AfterSeq: afterSeq, AfterChange: afterChange,
	}), nil
}

// wholeNumber matches a query parameter of any size; parseSeq reads those that are too large.
var wholeNumber = regexp.MustCompile(`^[0-9]{1,40}$`)

// parseQueryNumber returns a query parameter as a number, or live.NoReplay if it is absent. It
// returns a fault if the parameter is not a whole number from 0.
func parseQueryNumber(r ws.OpenRequest, name string) (int64, []apperr.Field) {
	raw, isGiven := r.QueryParam(name)
	switch {
	case !isGiven:
		return live.NoReplay, nil
	case !wholeNumber.MatchString(raw):
		return live.NoReplay, []apperr.Field{{Place: apperr.InQuery, Location: name, Message: "a whole number from 0"}}
	}
	return parseSeq(raw), nil
}
