package apperr_test

import (
	"errors"
	"fmt"

	"lyceum/platform/apperr"
)

var problemExpired = apperr.Problem{
	Kind: apperr.KindGone, Code: "voucher-expired", Title: "Voucher expired",
	Meaning: "The voucher was valid for some time, which is over. Ask for a new one.",
}

var errExpired = problemExpired.New("This voucher was valid until Friday. Ask for a new one.")

func redeem() error { return fmt.Errorf("redeeming: %w", errExpired.WithCause(errors.New("row 7"))) }

func ExampleProblem_New() {
	err := redeem()
	fmt.Println(errors.Is(err, errExpired), apperr.IsKind(err, apperr.KindGone))
	if refusal, ok := apperr.As(err); ok {
		fmt.Println(refusal.Code + ": " + refusal.Detail)
	}
	// Output:
	// true true
	// voucher-expired: This voucher was valid until Friday. Ask for a new one.
}

func ExampleInvalidFields() {
	err := apperr.InvalidFields(
		apperr.Field{Location: "title", Message: "is missing"},
		apperr.Field{Location: "items[2].price", Message: "must be at least 1"},
	)
	fmt.Println(err.Detail)
	fmt.Println(err.Fields[1].AbsoluteLocation())
	// Output:
	// Please correct title (is missing), items[2].price (must be at least 1).
	// body.items[2].price
}
