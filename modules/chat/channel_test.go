package chat

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

func TestCleanTitle(t *testing.T) {
	for title, want := range map[string]string{
		" Über uns\t":            "Über uns",
		strings.Repeat("ü", 200): strings.Repeat("ü", 200),
	} {
		got, err := cleanTitle(title)
		require.NoError(t, err, title)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", " \t", strings.Repeat("ü", 201), "a\u202eb", "a\x00b"} {
		_, err := cleanTitle(bad)
		require.Error(t, err, bad)
	}
}

func TestMakeSlug(t *testing.T) {
	require.Equal(t, "uber-uns-andere", makeSlug("Über uns & andere!"))
	require.Equal(t, "channel", makeSlug("!?"))
	long := makeSlug(strings.Repeat("x", 200))
	require.Regexp(t, slugForm, long+"-999", "there is room for a number")
}

func TestManagersOfAChannel(t *testing.T) {
	creator := ids.New()
	c := &channel{CreatedBy: &creator}
	for name, want := range map[string]struct {
		caller identity.Caller
		may    bool
	}{
		"the creator":                         {identity.Caller{UserID: creator, Role: usersapi.RoleInstructor}, true},
		"the creator who lost the role":       {identity.Caller{UserID: creator, Role: usersapi.RoleMember}, false},
		"another instructor":                  {identity.Caller{UserID: ids.New(), Role: usersapi.RoleInstructor}, false},
		"an administrator":                    {identity.Caller{UserID: ids.New(), Role: usersapi.RoleAdmin}, true},
		"an instructor, if nobody created it": {identity.Caller{UserID: creator, Role: usersapi.RoleInstructor}, false},
	} {
		t.Run(name, func(t *testing.T) {
			managed := c
			if strings.HasSuffix(name, "created it") {
				managed = &channel{}
			}
			require.Equal(t, want.may, managed.isManagedBy(want.caller))
		})
	}
}

func TestUnreadNeverFallsBelowZero(t *testing.T) {
	for _, c := range []struct{ last, mark, silent, want int64 }{
		{10, 4, 1, 5}, {10, 10, 0, 0}, {10, 12, 0, 0}, {10, 8, 5, 0}, {0, 0, 0, 0},
	} {
		r := readerChannel{Channel: channel{LastSeq: c.last}, Mark: c.mark, Silent: c.silent}
		require.Equal(t, c.want, r.countUnread(), "%+v", c)
	}
}

func TestHasMoreReaders(t *testing.T) {
	order := []string{visibilityPrivate, visibilityMember, visibilityPublic}
	for i, from := range order {
		for j, to := range order {
			require.Equal(t, j > i, hasMoreReaders(from, to), "%s to %s", from, to)
		}
		require.True(t, hasMoreReaders(from, visibilityCourse), "learners need not be members")
		require.True(t, hasMoreReaders(visibilityCourse, from))
	}
}

func TestVisibilitiesOfRoles(t *testing.T) {
	for role, want := range map[identity.Role][]string{
		usersapi.RoleUser:       {visibilityPublic},
		usersapi.RoleMember:     {visibilityPublic, visibilityMember},
		usersapi.RoleInstructor: {visibilityPublic, visibilityMember},
		usersapi.RoleAdmin:      {visibilityPublic, visibilityMember, visibilityCourse, visibilityPrivate},
	} {
		require.Equal(t, want, visibilitiesOf(role), role)
	}
}

func TestSpanOfAPage(t *testing.T) {
	for name, c := range map[string]struct {
		in   listMessagesInput
		last *seqPosition
		want [2]int64
		desc bool
	}{
		"the newest":               {listMessagesInput{}, nil, [2]int64{0, 0}, true},
		"the next of the newest":   {listMessagesInput{}, &seqPosition{7}, [2]int64{0, 7}, true},
		"before a message":         {listMessagesInput{BeforeSeq: "5"}, nil, [2]int64{0, 5}, true},
		"before the first":         {listMessagesInput{BeforeSeq: "0"}, nil, [2]int64{0, 1}, true},
		"after a message":          {listMessagesInput{AfterSeq: "5"}, nil, [2]int64{5, 0}, false},
		"the next after a message": {listMessagesInput{AfterSeq: "5"}, &seqPosition{7}, [2]int64{7, 0}, false},
		"between two messages":     {listMessagesInput{AfterSeq: "5", BeforeSeq: "9"}, nil, [2]int64{5, 9}, false},
		"after a number beyond all": {
			listMessagesInput{AfterSeq: strings.Repeat("9", 40)}, nil, [2]int64{math.MaxInt64, 0}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.in.spanAfter(c.last)
			require.Equal(t, c.want, [2]int64{got.After, got.Before})
			require.Equal(t, c.desc, got.NewestFirst)
		})
	}
}
