package limit

import (
	"fmt"

	"go.uber.org/fx"
)

// ProvideBudgets declares the budgets that a module's routes count against; the constructor returns []Budget.
func ProvideBudgets(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"budgets"`)))
}

// BudgetParams collects the budgets of all modules.
type BudgetParams struct {
	fx.In
	Groups [][]Budget `group:"budgets"`
}

// ByName returns budgets by their names. It refuses a name that is declared twice.
func ByName(groups ...[]Budget) (map[string]Budget, error) {
	budgets := map[string]Budget{}
	for _, group := range groups {
		for _, b := range group {
			if _, twice := budgets[b.Name]; twice {
				return nil, fmt.Errorf("rate-limit budget %q is declared twice", b.Name)
			}
			budgets[b.Name] = b
		}
	}
	return budgets, nil
}
