package chat

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/modules/chat/internal/live"
	"lyceum/modules/chat/internal/tickets"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/keyset"
	"lyceum/platform/ws"
)

// handlers answers the routes of the module. Rules about channels and messages are in Service; here
// are only those of the requests: their form, pages and headers.
type handlers struct {
	service       *Service
	tickets       *tickets.Service
	feeds         *live.Feeds
	hub           *ws.Hub
	authenticator *httpx.Authenticator
	cursors       *pagination.Cursors
}

func newHandlers(
	s *Service, feeds *live.Feeds, hub *ws.Hub, a *httpx.Authenticator, c *pagination.Cursors,
) *handlers {
	return &handlers{s, s.tickets, feeds, hub, a, c}
}

// channelView is a channel as one reader sees it.
type channelView struct {
	Slug       string  `json:"slug"`
	Title      string  `json:"title"`
	Visibility string  `json:"visibility" enum:"public,member,course,private"`
	CourseID   *string `json:"course_id,omitempty"`
	LastSeq    int64   `json:"last_seq" doc:"Number of the newest message; 0 for none"`
	Unread     int64   `json:"unread" doc:"Messages of others after the caller's mark"`
}

// viewChannel returns the view of a channel. Versions and times are in the headers of the answer.
func viewChannel(r *readerChannel) channelView {
	c := &r.Channel
	return channelView{c.Slug, c.Title, c.Visibility, c.CourseID, c.LastSeq, r.countUnread()}
}

var listChannelsDoc = httpx.DescribeOperation("" +
	"Returns the channels that are open to the caller, the oldest first, each with the number of " +
	"messages of others that the caller has not read.")

// listChannels returns one page of the channels that the caller may read, the oldest first.
func (h *handlers) listChannels(
	ctx context.Context, in *pagination.Query,
) (*pagination.Response[channelView], error) {
	return pagination.List(ctx, h.cursors.NewRequest("channels", nil, *in),
		func(after *keyset.Position, limit int) ([]readerChannel, error) {
			return h.service.listChannels(ctx, after, limit)
		},
		pagination.ViewEach(viewChannel),
		func(r *readerChannel) keyset.Position {
			return keyset.Position{CreatedAt: r.Channel.CreatedAt, ID: r.Channel.ID}
		})
}

// createInput is the request to create a channel.
type createInput struct {
	Body struct {
		Slug       *string `json:"slug,omitempty" pattern:"^[a-z0-9-]{1,64}$" doc:"Left out: made from the title"`
		Title      string  `json:"title" minLength:"1" maxLength:"200"`
		Visibility string  `json:"visibility" enum:"public,member,course,private"`
		CourseID   *string `json:"course_id,omitempty" doc:"For visibility course"`
	}
}

// Resolve implements huma.Resolver.
func (in *createInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkCreate returns the faults that a schema can't express.
func checkCreate(_ context.Context, in *createInput) (faults validation.Faults) {
	checkTitle(&faults, &in.Body.Title)
	faults.Add("course_id", checkCoursePair(in.Body.Visibility, in.Body.CourseID))
	return faults
}

// checkTitle adds the fault of a title. An empty title was left out, or the schema refuses it.
func checkTitle(faults *validation.Faults, title *string) {
	if title != nil && *title != "" {
		_, err := cleanTitle(*title)
		faults.Add("title", err)
	}
}

var createChannelDoc = httpx.DescribeOperation("" +
	"Instructors create channels and manage their own. A public channel is open to every account, a " +
	"member channel to members and above, a course channel to the course's owner and learners, a " +
	"private channel to its creator and members. Administrators may read and manage all channels. A " +
	"channel of another instructor's course is 403. A slug that another channel has is 409 " +
	"slug-taken.")

// createChannel creates a channel of the caller.
func (h *handlers) createChannel(ctx context.Context, in *createInput) (*httpx.Response[channelView], error) {
	n := newChannel{Title: in.Body.Title, Visibility: in.Body.Visibility, CourseID: in.Body.CourseID}
	if in.Body.Slug != nil {
		if !slugForm.MatchString(*in.Body.Slug) {
			return nil, apperr.Invalid("slug", "1 to 64 of a-z, 0-9 and -")
		}
		n.Slug = *in.Body.Slug
	}
	c, err := h.service.createChannel(ctx, n)
	if err != nil {
		return nil, err
	}
	return httpx.Created("/channels/"+c.Slug, viewChannel(&readerChannel{Channel: *c})).WithVersion(c.Version), nil
}

// slugInput names a channel.
type slugInput struct {
	Slug string `path:"slug"`
}

var getChannelDoc = httpx.DescribeOperation("" +
	"Returns a channel with the number of messages of others that the caller has not read. A channel " +
	"that the caller may not read is 403.")

// getChannel returns a channel that the caller may read.
func (h *handlers) getChannel(ctx context.Context, in *slugInput) (*httpx.Response[channelView], error) {
	c, err := h.service.getChannel(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	return httpx.OK(viewChannel(c)).WithVersion(c.Channel.Version), nil
}

// updateInput is a request to change a channel. Absent fields stay as they are.
type updateInput struct {
	Slug string `path:"slug"`
	Body struct {
		Title      *string `json:"title,omitempty" minLength:"1" maxLength:"200"`
		Visibility *string `json:"visibility,omitempty" enum:"public,member,course,private"`
		CourseID   *string `json:"course_id,omitempty" doc:"For visibility course"`
	}
}

// Resolve implements huma.Resolver.
func (in *updateInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkUpdate returns the faults that a schema can't express.
func checkUpdate(_ context.Context, in *updateInput) (faults validation.Faults) {
	checkTitle(&faults, in.Body.Title)
	return faults
}

var updateChannelDoc = httpx.DescribeOperation("" +
	"For the channel's creator and administrators. Sockets of accounts that may not read the channel " +
	"any more are closed within a second. For accounts that may read it only from now on, older " +
	"messages do not count as unread. The visibility of the channel hq can't be changed: 403.")

// updateChannel changes a channel that the caller manages.
func (h *handlers) updateChannel(ctx context.Context, in *updateInput) (*httpx.Response[channelView], error) {
	c, err := h.service.updateChannel(ctx, in.Slug, channelPatch(in.Body))
	if err != nil {
		return nil, err
	}
	return httpx.OK(viewChannel(c)).WithVersion(c.Channel.Version), nil
}

var deleteChannelDoc = httpx.DescribeOperation("" +
	"For the channel's creator and administrators. The slug is free at once; open sockets are closed " +
	"with 4404. The channel hq can't be deleted: 403.")

// deleteChannel deletes a channel that the caller manages.
func (h *handlers) deleteChannel(ctx context.Context, in *slugInput) (*httpx.Empty, error) {
	return nil, h.service.deleteChannel(ctx, in.Slug)
}

// memberInput names an account in a channel.
type memberInput struct {
	Slug   string `path:"slug"`
	UserID string `path:"user_id"`
}

// memberView is an account that may read a private channel.
type memberView struct {
	User      personView `json:"user"`
	CreatedAt clock.Time `json:"created_at"`
}

// answerMember returns the answer with one member.
func (h *handlers) answerMember(ctx context.Context, m *membership) (*httpx.Response[memberView], error) {
	person, err := h.service.loadPerson(ctx, m.UserID)
	if err != nil {
		return nil, err
	}
	return httpx.OK(memberView{personView(person), m.CreatedAt}).WithETag(), nil
}

var getMemberDoc = httpx.DescribeOperation("" +
	"For the channel's creator and administrators. An account that is no member is 404.")

// getMember returns a member of a channel that the caller manages.
func (h *handlers) getMember(ctx context.Context, in *memberInput) (*httpx.Response[memberView], error) {
	m, err := h.service.getMember(ctx, in.Slug, in.UserID)
	if err != nil {
		return nil, err
	}
	return h.answerMember(ctx, m)
}

var addMemberDoc = httpx.DescribeOperation("" +
	"For the channel's creator and administrators. Adding a member again changes nothing. Only " +
	"private channels have members: other channels are 422.")

// addMember lets an account read a private channel that the caller manages.
func (h *handlers) addMember(ctx context.Context, in *memberInput) (*httpx.Response[memberView], error) {
	m, err := h.service.addMember(ctx, in.Slug, in.UserID)
	if err != nil {
		return nil, err
	}
	return h.answerMember(ctx, m)
}

var removeMemberDoc = httpx.DescribeOperation("" +
	"For the channel's creator and administrators. Open sockets of the account are closed with 4403 " +
	"within a second.")

// removeMember ends a membership in a channel that the caller manages.
func (h *handlers) removeMember(ctx context.Context, in *memberInput) (*httpx.Empty, error) {
	return nil, h.service.removeMember(ctx, in.Slug, in.UserID)
}
