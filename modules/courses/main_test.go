package courses_test

import (
	"log/slog"
	"testing"

	"lyceum/platform/testkit"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	testkit.Main(m)
}
