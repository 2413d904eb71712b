package apperr

import (
	"fmt"
	"maps"
	"slices"

	"go.uber.org/fx"
)

// Problem declares one code that answers may carry. GET /problems/{code} shows it to people.
type Problem struct {
	// Kind says what sort of refusal it is.
	Kind Kind
	// Code is the stable name of the problem: lower-case words with dashes.
	Code string
	// Title names the problem in a few words.
	Title string
	// Meaning says what is wrong and what to do next, in words for the person who meets it.
	Meaning string
}

// New returns an error of the problem. The detail says what happened this time and what to do next.
func (p Problem) New(detail string) *Error {
	return &Error{Kind: p.Kind, Code: p.Code, Title: p.Title, Detail: detail}
}

// Catalog holds every problem that the program may answer with.
type Catalog struct {
	problems map[string]Problem
}

// NewCatalog returns the catalog of the common problems, those of HTTP and the given ones. It
// refuses a code that is declared twice and a declaration that lacks its texts.
func NewCatalog(groups ...[]Problem) (*Catalog, error) {
	c := &Catalog{problems: map[string]Problem{}}
	for _, group := range append([][]Problem{CommonProblems, HTTPProblems}, groups...) {
		for _, p := range group {
			if _, twice := c.problems[p.Code]; twice {
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

// FindProblem returns the problem with the code.
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

// ProvideProblems declares the problems of a module.
func ProvideProblems(problems ...Problem) fx.Option {
	return fx.Supply(fx.Annotate(problems, fx.ResultTags(`group:"problems"`)))
}

// ProblemParams collects the problems of all modules.
type ProblemParams struct {
	fx.In
	Groups [][]Problem `group:"problems"`
}
