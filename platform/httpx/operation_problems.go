package httpx

import (
	"net/http"
	"slices"
	"strings"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/idempotency"
	"lyceum/platform/identity"
)

// Answers documents the codes of the problems that a route may answer with beside those that follow from its
// access, its parameters and its body. A code may belong to another module; while that is off, it is left out.
func Answers(codes ...string) Option {
	return func(r *Route) { r.problems = append(r.problems, codes...) }
}

// unforeseen are the problems that any operation may answer with.
var unforeseen = []apperr.Problem{
	apperr.ProblemInternalError, apperr.ProblemUnavailable, apperr.ProblemStorageFull, apperr.ProblemRequestTimeout,
	apperr.ProblemHeaderTooLarge,
}

// problemsOf returns the problems that a route may answer with, but for the unforeseen ones. Codes that no
// module of the program declares are left out.
func (s *Server) problemsOf(r Route) (problems []apperr.Problem) {
	codes := slices.Concat(commonProblems(r), r.problems)
	slices.Sort(codes)
	for _, code := range slices.Compact(codes) {
		if p, ok := s.o.Problems.FindProblem(code); ok {
			problems = append(problems, p)
		}
	}
	return problems
}

// commonProblems returns the codes that follow from what a route is.
func commonProblems(r Route) []string {
	codes := []string{apperr.ProblemMalformedRequest.Code, apperr.ProblemBodyTooLarge.Code}
	if !r.access.ignoresToken {
		codes = append(codes, apperr.ProblemInvalidToken.Code, apperr.ProblemTokenExpired.Code)
		if r.access.role != identity.Anonymous {
			codes = append(codes, apperr.ProblemUnauthenticated.Code)
		}
		if r.access.role != identity.Anonymous && !r.access.role.IsLowest() {
			codes = append(codes, apperr.ProblemForbidden.Code)
		}
	}
	if !r.isUnlimited {
		codes = append(codes, apperr.ProblemRateLimited.Code)
	}
	if strings.Contains(r.op.Path, "{") {
		codes = append(codes, apperr.ProblemNotFound.Code)
	}
	if r.raw == nil {
		codes = append(codes, apperr.ProblemValidationFailed.Code)
	}
	if r.op.Method != http.MethodGet {
		codes = append(codes, apperr.ProblemUnsupportedMediaType.Code)
	}
	if r.op.Method == http.MethodPatch || r.op.Method == http.MethodDelete {
		codes = append(codes, apperr.ProblemPreconditionFailed.Code)
	}
	if r.upload != nil {
		codes = append(codes, apperr.ProblemLengthRequired.Code)
	}
	if r.isIdempotent {
		for _, p := range idempotency.Problems {
			codes = append(codes, p.Code)
		}
	}
	return codes
}
