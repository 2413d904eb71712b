// Package apptest runs a program of chosen modules in a test and drives it from outside.
//
// A module is proved in its own folder: the test starts a program of that one module, hands it fakes of what it asks other
// modules, and describes requests as data.
//
//	app := apptest.Start(t, module.List{badges.Module}, apptest.WithCallers())
//	app.Run(t,
//		apptest.Scenario{
//			Name: "members list badges", As: identity.Member, Method: "GET", Path: "/badges",
//			WantStatus: 200, WantBody: map[string]any{"items": []any{}}, WantStatements: 1,
//		},
//		apptest.Scenario{
//			Name: "users may not make one", As: identity.User, Method: "POST", Path: "/badges", Body: `{"title":"Gold"}`,
//			WantStatus: 403, WantCode: "forbidden",
//		},
//	)
//
// Everything is embedded unless the test says otherwise with OnServices.
package apptest
