package chat

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/ws"
)

type presentView struct {
	User  personView `json:"user"`
	Since clock.Time `json:"since"`
}

type presenceView struct {
	Items []presentView `json:"items" nullable:"false"`
}

// presence lists who is on, over all replicas; not in pages, as a client wants to see it at once.
func (h *handlers) presence(ctx context.Context, in *slugInput) (*httpx.Response[presenceView], error) {
	found, people, err := h.service.listPresent(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	out := presenceView{make([]presentView, len(found))}
	for i, p := range found {
		out.Items[i] = presentView{personView(people[p.UserID]), p.Since}
	}
	return httpx.OK(out).WithETag(), nil
}

type ticketInput struct {
	// The token's own end is the socket's, and only the header has it.
	Authorization string `header:"Authorization" hidden:"true"`
}

type ticketView struct {
	Ticket    string `json:"ticket" doc:"For ?ticket=, once"`
	ExpiresIn int    `json:"expires_in" doc:"Seconds"`
}

func (h *handlers) ticket(ctx context.Context, in *ticketInput) (*httpx.Response[ticketView], error) {
	_, token, _ := strings.Cut(in.Authorization, " ")
	_, expires, err := h.gate.SignIn(ctx, strings.TrimSpace(token))
	if err != nil {
		return nil, err
	}
	code, err := h.service.issueTicket(ctx, expires)
	if err != nil {
		return nil, err
	}
	return httpx.Created("", ticketView{code, int(ticketLife.Seconds())}), nil
}

// socket is the route of sockets: everything that speaks against one is answered before the upgrade.
func (h *handlers) socket() fiber.Handler {
	return h.hub.UpgradeHandler(ws.Endpoint{Needs: permissionRead, RedeemTicket: h.service.redeemTicket, Accept: h.accept})
}

var wholeNumber = regexp.MustCompile(`^[0-9]{1,40}$`)

// accept returns the session of a reader. It returns 422 for an after_seq or after_change that is not a
// whole number from 0, 404 for a channel that does not exist and 403 for one that the caller may not read.
func (h *handlers) accept(ctx context.Context, o ws.OpenRequest) (ws.Session, error) {
	afterSeq, seqFault := queryNumber(o, "after_seq")
	afterChange, changeFault := queryNumber(o, "after_change")
	if faults := slices.Concat(seqFault, changeFault); len(faults) > 0 {
		return nil, apperr.InvalidFields(faults...)
	}
	c, err := h.service.readable(ctx, o.PathParam("slug"))
	if err != nil {
		return nil, err
	}
	return &subscriber{service: h.service, rooms: h.rooms, channel: c, userID: identity.CallerFrom(ctx).UserID,
		replayFrom: afterSeq, changesFrom: afterChange}, nil
}

// queryNumber returns a query parameter as a number, -1 if it is absent. It returns a fault if the parameter is not
// a whole number from 0.
func queryNumber(o ws.OpenRequest, name string) (int64, []apperr.Field) {
	raw, given := o.QueryParam(name)
	switch {
	case !given:
		return -1, nil
	case !wholeNumber.MatchString(raw):
		return -1, []apperr.Field{{Place: apperr.InQuery, Location: name, Message: "a whole number from 0"}}
	}
	return number(raw), nil
}
