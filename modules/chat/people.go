package chat

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/cache"
	"lyceum/platform/identity"
)

// people knows how accounts appear to others, without a query for each frame.
type people struct {
	known *cache.Invalidated[usersapi.Person]
}

func newPeople(a usersapi.Accounts, b cache.Signals) *people {
	load := func(ctx context.Context, id string) (usersapi.Person, bool, error) {
		found, ok, err := a.ByID(ctx, id)
		return usersapi.Person{ID: id, DisplayName: found.DisplayName}, ok, err
	}
	return &people{cache.NewInvalidated(b, identity.TopicAccount, load)}
}

// person gives one; who is gone keeps his place under the name of the deleted.
func (p *people) person(ctx context.Context, id string) (usersapi.Person, error) {
	found, ok, err := p.known.Get(ctx, id)
	if err == nil && !ok {
		found = usersapi.Person{ID: id, DisplayName: usersapi.DeletedName}
	}
	return found, err
}
