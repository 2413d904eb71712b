package jobs_test

import (
	"context"
	"fmt"

	"lyceum/platform/embedded"
	"lyceum/platform/jobs"
)

func ExampleQueue() {
	server, err := embedded.NewRedis()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	queue := jobs.NewQueue(server.URL())
	defer func() { _ = queue.Close() }()

	ctx, stop := context.WithCancel(context.Background())
	err = queue.AttachWorkers([]jobs.Worker{{
		Name: "mail.send",
		Handle: func(_ context.Context, id string) error {
			fmt.Println("sending", id)
			stop() // a program stops the queue when it ends
			return nil
		},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	queue.Enqueue(ctx, "mail.send", "mail 7") // after the commit of the row
	queue.Run(ctx)
	// Output: sending mail 7
}
