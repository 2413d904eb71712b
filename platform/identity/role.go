package identity

import (
	"fmt"
	"slices"
	"sync/atomic"
)

// Role is how much a caller may do. The roles of a program form one order, in which each role
// includes the roles before it. This package compares roles and knows none of them by name: the
// owner of accounts declares them with DeclareRoles.
type Role string

// Anonymous is the role of callers without a token. Every declared role includes it.
const Anonymous Role = ""

// declaredRoles holds the roles of the program, the lowest first. It is nil until DeclareRoles is
// called.
var declaredRoles atomic.Pointer[[]Role]

// DeclareRoles sets the roles that accounts of this program can have, the lowest first. The package
// that names the roles calls it while it is initialized, so that every program and test that uses
// the names knows their order. It panics if a role is Anonymous or given twice, or if other roles
// were declared before.
func DeclareRoles(lowestFirst ...Role) {
	roles := slices.Clone(lowestFirst)
	for i, r := range roles {
		if r == Anonymous || slices.Contains(roles[:i], r) {
			panic(fmt.Sprintf("identity: role %q is Anonymous or declared twice", r))
		}
	}
	if declaredRoles.CompareAndSwap(nil, &roles) {
		return
	}
	if before := *declaredRoles.Load(); !slices.Equal(before, roles) {
		panic(fmt.Sprintf("identity: roles %q are declared, %q can't be declared as well", before, roles))
	}
}

// rank returns the position of a role in the declared order, from 1 for the lowest. It returns 0
// for Anonymous and for a role that was not declared: such a role includes nothing.
func (r Role) rank() int {
	roles := declaredRoles.Load()
	if roles == nil {
		return 0
	}
	return slices.Index(*roles, r) + 1
}

// IsValid reports whether r is a role that an account can have.
func (r Role) IsValid() bool { return r.rank() > 0 }

// IsLowest reports whether r is the role that every account has at least.
func (r Role) IsLowest() bool { return r.rank() == 1 }

// IsAtLeast reports whether r includes other.
func (r Role) IsAtLeast(other Role) bool { return r.rank() >= other.rank() }
