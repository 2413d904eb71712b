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

// SealedData is data of a module that only the secret of this server can open.
type SealedData struct {
	// Name stands in the log, such as "second factors".
	Name string
	// FindFault returns a sentence for the operator that says what the present secret can't open
	// and what to do. It returns "" if the secret opens everything, and an error if the database
	// can't be asked.
	FindFault func(ctx context.Context) (string, error)
}

// ProvideSealedData adds the result of a constructor that returns SealedData.
func ProvideSealedData(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"sealed_data"`)))
}

// SealedDataParams collects the data of all modules.
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

	mu        sync.Mutex
	checkedAt time.Time
	fault     error
}

// NewSealedCheck returns the check of the data of all modules.
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
	for _, d := range c.sealed {
		fault, err := d.FindFault(ctx)
		if err != nil {
			return c.fault
		}
		if fault != "" {
			faults = append(faults, d.Name+": "+fault)
		}
	}
	slices.Sort(faults) // modules are asked in any order
	c.checkedAt, c.fault = time.Now(), nil
	if len(faults) > 0 {
		c.fault = errors.New(strings.Join(faults, "; "))
	}
	return c.fault
}
