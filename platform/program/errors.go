package program

import (
	"strings"

	"lyceum/platform/telemetry"
)

// ServiceError is the error of a configured service that can't be reached.
type ServiceError struct {
	// Key is the environment variable that names the service.
	Key   string
	cause error
}

// Error returns the key and the cause in one line, without secrets.
func (e *ServiceError) Error() string {
	return e.Key + ": " + telemetry.RedactSecrets(strings.Join(strings.Fields(e.cause.Error()), " "))
}

// Unwrap returns the cause.
func (e *ServiceError) Unwrap() error { return e.cause }
