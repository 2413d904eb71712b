// Package sitetest starts a whole Lyceum in a test and drives it from outside, as a client would:
//
//	func TestRedeem(t *testing.T) {
//		sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
//			code := s.Invite(s.AdminToken(), map[string]any{"role_to_grant": "member"}).Text("code")
//			_, _, token := s.NewAccount("newcomer")
//			require.Equal(t, 200, s.Redeem(token, code).Status)
//		})
//	}
//
// It has every module of the program and is for the tests of all of them: a module's scenarios live
// in its own folder, and run against the real other modules. Every answer is checked against the
// conventions of the API.
package sitetest
