package courses_test

import (
	"testing"

	"lyceum/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
