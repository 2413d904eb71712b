package keyring

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/fx"
)

// SealedData is data of a module that was sealed with a key derived from the secret. If the secret
// is lost, the data can't be read any more, and the server must say so instead of failing request
// by request.
type SealedData struct {
	// Name names the data in the log, such as "second factors".
	Name string
	// FindFault returns a sentence for the operator that says what the present secret can't open
	// and what to do about it. It returns "" if the secret opens everything, and an error if the
	// database can't be asked.
	FindFault func(ctx context.Context) (string, error)
}

// ProvideSealedData declares sealed data of a module: constructor returns SealedData.
func ProvideSealedData(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"sealed_data"`)))
}

// SealedDataParams collects the sealed data of all modules.
type SealedDataParams struct {
	fx.In
	Sealed []SealedData `group:"sealed_data"`
}

// sealedCheckInterval is the time after which a fault is looked for again.
const sealedCheckInterval = 5 * time.Second

// SealedCheck finds out whether the secret opens the sealed data in the database. The secret does
// not change while a process runs, so a check without a fault is not repeated; a fault is looked
// for again, as it may have been repaired.
type SealedCheck struct {
	sealed []SealedData

	mu sync.Mutex
	// checkedAt is the time of the last check that could ask the database, zero before the first.
	checkedAt time.Time
	// fault is the result of that check.
	fault error
}

// NewSealedCheck returns the check of the sealed data of all modules.
func NewSealedCheck(p SealedDataParams) *SealedCheck { return &SealedCheck{sealed: p.Sealed} }

// CheckSealedData returns an error for the operator that names everything that can't be opened. If
// the database can't be asked, it returns the result of the check before: the database has a check
// of its own.
func (c *SealedCheck) CheckSealedData(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.checkedAt.IsZero() && (c.fault == nil || time.Since(c.checkedAt) < sealedCheckInterval) {
		return c.fault
	}
	var faults []string
	for _, data := range c.sealed {
		fault, err := data.FindFault(ctx)
		if err != nil {
			return c.fault
		}
		if fault != "" {
			faults = append(faults, data.Name+": "+fault)
		}
	}
	slices.Sort(faults) // fx collects the modules in any order
	c.checkedAt, c.fault = time.Now(), nil
	if len(faults) > 0 {
		c.fault = errors.New(strings.Join(faults, "; "))
	}
	return c.fault
}
