package chat

import (
	"context"
	"slices"
	"time"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/ws"
)

// lookAround tells who came and went since the last look. Those who were there when the room
// opened are no news. A burst of arrivals becomes one look and one write to each reader.
func (o *room) lookAround(ctx context.Context) error {
	if wait := presenceDelay - time.Since(o.looked); wait > 0 {
		time.AfterFunc(wait, o.wakePresence)
		o.presence.Store(false)
		return nil
	}
	o.presence.Store(false)
	found, err := bounded(ctx, func(ctx context.Context) ([]present, error) { return o.rooms.store.presentIn(ctx, []string{o.id}) })
	if err != nil {
		return err
	}
	first := o.here == nil
	o.looked = time.Now()
	now := make(map[string]struct{}, len(found))
	var news []arrival
	for _, p := range found {
		now[p.UserID] = struct{}{}
		if _, known := o.here[p.UserID]; !known && (!first || !p.Since.Before(o.opened)) {
			news = append(news, arrival{p.UserID, "join"})
		}
	}
	for user := range o.here {
		if _, still := now[user]; !still {
			news = append(news, arrival{user, "leave"})
		}
	}
	o.here = now
	return o.announce(ctx, news)
}

type arrival struct{ userID, event string }

// announce tells in pieces, so that a roomful of arrivals still fits everybody's queue.
func (o *room) announce(ctx context.Context, news []arrival) error {
	for part := range slices.Chunk(news, roomBatch) {
		frames := make([]ws.Frame, len(part))
		about := map[string]bool{}
		for i, n := range part {
			p, err := bounded(ctx, func(ctx context.Context) (usersapi.Person, error) { return o.rooms.people.person(ctx, n.userID) })
			if err != nil {
				return err
			}
			frames[i], about[n.userID] = ws.EncodeFrame(presenceFrame{"presence", n.event, p}), true
		}
		o.sendNews(part, frames, about)
		o.breathe()
	}
	return nil
}

// sendNews sends everybody all news but those about himself.
func (o *room) sendNews(news []arrival, frames []ws.Frame, about map[string]bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := ws.JoinFrames(frames...)
	for s := range o.subs {
		if !about[s.userID] {
			s.conn.Send(all)
			continue
		}
		for i, n := range news {
			if n.userID != s.userID {
				s.conn.Send(frames[i])
			}
		}
	}
}
