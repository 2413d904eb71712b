package apperr

import (
	"fmt"
	"maps"
	"slices"

	"go.uber.org/fx"
)

// Problem declares one code of error answers. A module declares each of its problems once, as a
// variable. The page /problems/{code} explains it to people.
type Problem struct {
	// Kind says what sort of refusal it is. The HTTP layer answers it with a status.
	Kind Kind
	// Code is the stable name of the problem, lower-case words with dashes. Clients decide by it.
	Code string
	// Title names the problem in a few words.
	Title string
	// Meaning says what is wrong and what to do next, in words for the people who meet the problem.
	Meaning string
}

// New returns an error of the problem. detail says what happened this time and what to do next. It
// must not hold a secret or data of somebody else.
func (p Problem) New(detail string) *Error {
	return &Error{Kind: p.Kind, Code: p.Code, Title: p.Title, Detail: detail}
}

// Catalog holds every problem that the program may answer with. It does not change and is safe for
// concurrent use.
type Catalog struct {
	problems map[string]Problem
}

// NewCatalog returns the catalog of CommonProblems, HTTPProblems and the given ones. It returns an
// error for a code that is declared twice and for a declaration that lacks its code, title or
// meaning.
func NewCatalog(groups ...[]Problem) (*Catalog, error) {
	c := &Catalog{problems: map[string]Problem{}}
	for _, group := range append([][]Problem{CommonProblems, HTTPProblems}, groups...) {
		for _, p := range group {
			if _, isTaken := c.problems[p.Code]; isTaken {
				return nil, fmt.Errorf("problem %q is declared twice", p.Code)
			}
			if p.Code == "" || p.Title == "" || p.Meaning == "" {
				return nil, fmt.Errorf("problem %q needs a code, a title and a meaning", p.Code)
			}
			c.problems[p.Code] = p
		}
	}
	return c, nil
}

// FindProblem returns the problem with the code. It returns false if none was declared.
func (c *Catalog) FindProblem(code string) (Problem, bool) {
	p, ok := c.problems[code]
	return p, ok
}

// List returns all problems, sorted by code.
func (c *Catalog) List() []Problem {
	list := make([]Problem, 0, len(c.problems))
	for _, code := range slices.Sorted(maps.Keys(c.problems)) {
		list = append(list, c.problems[code])
	}
	return list
}

// ProvideProblems declares the problems of a module to the program.
func ProvideProblems(problems ...Problem) fx.Option {
	return fx.Supply(fx.Annotate(problems, fx.ResultTags(`group:"problems"`)))
}

// ProblemParams collects the problems of all modules, a group for each.
type ProblemParams struct {
	fx.In
	Groups [][]Problem `group:"problems"`
}
