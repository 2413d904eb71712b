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
	// Fault returns a sentence for the operator that says what the present secret can't open and
	// what to do. It returns "" if the secret opens everything, and an error if the database can't
	// be asked.
	Fault func(ctx context.Context) (string, error)
}

// ProvideSealedData adds the result of a constructor that returns SealedData.
func ProvideSealedData(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"sealed_data"`)))
}

// SealedDataParams collects the data of all modules.
type SealedDataParams struct {
	fx.In
	All []SealedData `group:"sealed_data"`
}

// sealedEvery is the time after which a fault is looked for again.
const sealedEvery = 5 * time.Second

// SealedCheck finds out whether the secret opens the sealed data in the database. The secret does
// not change while a process runs, so a check without a fault is not repeated; a fault is looked
// for again, as it may have been repaired.
type SealedCheck struct {
	all []SealedData

	mu      sync.Mutex
	checked time.Time
	fault   error
}

// NewSealedCheck returns the check of the data of all modules.
func NewSealedCheck(p SealedDataParams) *SealedCheck { return &SealedCheck{all: p.All} }

// Check returns an error for the operator that names everything that can't be opened. If the
// database can't be asked, it returns the result of the check before: the database has a check of
// its own.
func (c *SealedCheck) Check(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.checked.IsZero() && (c.fault == nil || time.Since(c.checked) < sealedEvery) {
		return c.fault
	}
	var faults []string
	for _, d := range c.all {
		fault, err := d.Fault(ctx)
		if err != nil {
			return c.fault
		}
		if fault != "" {
			faults = append(faults, d.Name+": "+fault)
		}
	}
	slices.Sort(faults) // modules are asked in any order
	c.checked, c.fault = time.Now(), nil
	if len(faults) > 0 {
		c.fault = errors.New(strings.Join(faults, "; "))
	}
	return c.fault
}
