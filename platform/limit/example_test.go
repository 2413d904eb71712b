package limit_test

import (
	"context"
	"fmt"
	"time"

	"lyceum/platform/limit"
)

func ExampleLimiter() {
	ctx := context.Background()
	login := limit.Budget{Name: "login", Rate: limit.Rate{Hits: 2, Window: time.Hour}}
	limiter := limit.New(nil, []byte("a key of the server"), true) // nil: this process counts alone

	for range 3 {
		hit := limiter.TakeHit(ctx, login, "ada@example.org")
		fmt.Println(hit.Passed, hit.Remaining, hit.RefusalError("Too many sign-ins."))
	}
	other := limiter.TakeHit(ctx, login, "bob@example.org")
	limiter.GiveBack(ctx, other) // the password was correct
	fmt.Println(limiter.TakeHit(ctx, login, "bob@example.org").Remaining)
	// Output:
	// true 1 <nil>
	// true 0 <nil>
	// false 0 rate-limited: Too many sign-ins.
	// 1
}

func ExampleRate() {
	var r limit.Rate
	fmt.Println(r.UnmarshalText([]byte("600/1m")), r.Hits, r.Window, r)
	fmt.Println(r.UnmarshalText([]byte("600 per minute")))
	// Output:
	// <nil> 600 1m0s 600/1m
	// a rate such as 600/1m: a whole number from 1, a slash, a duration from 1s
}
