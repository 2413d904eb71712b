// Package config reads the environment, and a .env file beside the program, into typed values.
//
//	.env  ─┐
//	       ├─▶ variables ─▶ Config, for the platform          ─┐
//	environment (wins)   └─▶ a Section of each module and app ─┴─▶ one *Config, or one *Error
//
// A setting is a field of a struct with the tags env, envDefault and secret. Config has the
// settings of the platform. Modules declare theirs with DeclareSection and read them with
// SettingsOf. A variable that is set to nothing counts as not set. No two structs may read the same
// variable.
//
// Load stops at no fault: the *Error names every fault at once, each with its key, what was found
// and what is accepted. Values of secrets are never repeated, neither in faults nor in
// ListSettings.
//
// RenderEnvExample writes .env.example from the same declarations, so that it names every setting.
package config
