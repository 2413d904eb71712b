package limit

import (
	"fmt"

	"go.uber.org/fx"
)

// ProvideBudgets adds the budgets of a module's routes: the result of a constructor that returns
// []Budget.
func ProvideBudgets(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"budgets"`)))
}

// BudgetParams collects the budgets of all modules.
type BudgetParams struct {
	fx.In
	Groups [][]Budget `group:"budgets"`
}

// IndexBudgets returns budgets by their names. It returns an error for a name that is declared twice.
func IndexBudgets(groups ...[]Budget) (map[string]Budget, error) {
	byName := map[string]Budget{}
	for _, group := range groups {
		for _, b := range group {
			if _, twice := byName[b.Name]; twice {
				return nil, fmt.Errorf("rate-limit budget %q is declared twice", b.Name)
			}
			byName[b.Name] = b
		}
	}
	return byName, nil
}
