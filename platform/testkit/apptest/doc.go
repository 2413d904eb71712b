// Package apptest runs a program of chosen modules in a test and drives it from outside.
//
// A module is proved in its own folder: the test starts a program of that one module, hands it fakes of what it asks other
// modules, and describes requests as data.
//
//	app := apptest.Start(t, module.List{notes.Module}, apptest.WithCallers())
//	app.Run(t,
//		apptest.Scenario{
//			Name: "members list notes", As: roles.Member, Method: "GET", Path: "/notes",
//			WantStatus: 200, WantBody: map[string]any{"items": []any{}}, WantStatements: 1,
//		},
//		apptest.Scenario{
//			Name: "users may not make one", As: roles.User, Method: "POST", Path: "/notes", Body: `{"text":"x"}`,
//			WantStatus: 403, WantCode: "forbidden",
//		},
//	)
//
// Everything is embedded unless the test says otherwise with OnServices.
package apptest
