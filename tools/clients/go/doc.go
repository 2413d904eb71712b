// Package client is a Go client of Lyceum that oapi-codegen generates from the API document:
//
//	go tool task generate:clients    # in the root of the project; writes lyceum.gen.go
//
// The test beside it is an example: it registers an account, redeems an invite and learns.
package client

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 --config oapi-codegen.yaml openapi.json
