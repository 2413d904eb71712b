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

// SealedData is declared by a module that keeps data which only this server's secret can open.
type SealedData struct {
	// Name says what it is, for the log.
	Name string
	// Fault returns a sentence for the operator that says what the present secret can't open and what to do; empty when it
	// opens everything.
	Fault func(ctx context.Context) (string, error)
}

// ProvideSealedData adds what a constructor returns (a SealedData).
func ProvideSealedData(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"sealed_data"`)))
}

// SealedDataParams collects what all modules declared.
type SealedDataParams struct {
	fx.In
	All []SealedData `group:"sealed_data"`
}

// sealedEvery is how long a fault that was found counts before it is looked for again.
const sealedEvery = 5 * time.Second

// SealedCheck tells whether the server's secret opens what the database holds. A secret does not change while a process
// runs, so data that was fine at the start is not looked at again; faults are, as they may have been mended.
type SealedCheck struct {
	all []SealedData

	mu      sync.Mutex
	checked time.Time
	fault   error
}

// NewSealedCheck makes the check over what all modules declared.
func NewSealedCheck(p SealedDataParams) *SealedCheck { return &SealedCheck{all: p.All} }

// Check returns an error that names everything which can't be opened, for operators. Nil is also the answer when the
// database can't be asked: that has a check of its own.
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
