package migrate_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
	"lyceum/platform/migrate"
)

// sqlFiles returns files of a folder migrations by their names.
func sqlFiles(texts map[string]string) fstest.MapFS {
	files := fstest.MapFS{}
	for name, text := range texts {
		files["migrations/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

func TestLoadFiles(t *testing.T) {
	t.Run("statements, directions and databases", func(t *testing.T) {
		all, err := migrate.LoadFiles(sqlFiles(map[string]string{
			"202601020000_test_second.up.sql":   "-- Why.\nALTER TABLE a ADD b int;\n",
			"202601020000_test_second.down.sql": "-- Why.\nALTER TABLE a DROP b;",
			"202601010000_test_first.up.sql": "-- Things have names.\nCREATE TABLE a (\n  x {uuid}, -- a; b\n" +
				"  -- a comment\n  y int\n);\nCREATE INDEX i ON a (x);\n",
			"202601010000_test_first.up.postgres.sql": "-- Faster.\nCREATE EXTENSION x;\n",
			"202601010000_test_first.down.sql":        "-- Why.\nDROP TABLE a;\n",
			"202601010000_test_first.down.sqlite.sql": "-- Why.\nVACUUM;\n",
		}))
		require.NoError(t, err)
		require.Equal(t, []migrate.Migration{
			{
				ID: "202601010000_test_first",
				Up: []string{
					"CREATE TABLE a (\n  x {uuid}, -- a; b\n  y int\n)", "CREATE INDEX i ON a (x)",
					"postgres:CREATE EXTENSION x",
				},
				Down: []string{"DROP TABLE a", "sqlite:VACUUM"},
			},
			{
				ID: "202601020000_test_second",
				Up: []string{"ALTER TABLE a ADD b int"}, Down: []string{"ALTER TABLE a DROP b"},
			},
		}, all)
	})
	t.Run("bodies are one statement", func(t *testing.T) {
		all, err := migrate.LoadFiles(sqlFiles(map[string]string{
			"202601010000_test_first.up.sqlite.sql": "-- Why.\nCREATE TRIGGER a AFTER INSERT ON b BEGIN\n" +
				"\tDELETE FROM c;\n\tDELETE FROM d;\nEND;\nCREATE TRIGGER e BEFORE DELETE ON b BEGIN SELECT 1; END;\nVACUUM;\n",
			"202601010000_test_first.up.postgres.sql": "-- Why.\nCREATE FUNCTION f() AS $$ BEGIN\n\tSELECT 1;\nEND $$;\n" +
				"CREATE TRIGGER g BEFORE UPDATE ON b EXECUTE FUNCTION f();\n",
			"202601010000_test_first.down.sql": "-- Why.\nDROP TABLE b;\n",
		}))
		require.NoError(t, err)
		require.Equal(t, []string{
			"postgres:CREATE FUNCTION f() AS $$ BEGIN\n\tSELECT 1;\nEND $$",
			"postgres:CREATE TRIGGER g BEFORE UPDATE ON b EXECUTE FUNCTION f()",
			"sqlite:CREATE TRIGGER a AFTER INSERT ON b BEGIN\n\tDELETE FROM c;\n\tDELETE FROM d;\nEND",
			"sqlite:CREATE TRIGGER e BEFORE DELETE ON b BEGIN SELECT 1; END", "sqlite:VACUUM",
		}, all[0].Up)
	})
}

func TestLoadFilesRefuses(t *testing.T) {
	const up, down = "202601010000_test_first.up.sql", "202601010000_test_first.down.sql"
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"another name":     {map[string]string{"first.sql": "-- Why.\nSELECT 1;\n"}, "accepted are"},
		"another database": {map[string]string{"202601010000_test_first.up.mysql.sql": ""}, "accepted are"},
		"no reason":        {map[string]string{up: "SELECT 1;\n", down: "-- Why.\nSELECT 1;\n"}, "says why"},
		"no statement":     {map[string]string{up: "-- Why.\n", down: "-- Why.\nSELECT 1;\n"}, "no statement"},
		"a body without end": {
			map[string]string{
				up:   "-- Why.\nCREATE TRIGGER a AFTER INSERT ON b BEGIN\n SELECT 1;\n",
				down: "-- Why.\nSELECT 1;\n",
			},
			"has no end",
		},
		"one direction is not": {map[string]string{up: "-- Why.\nSELECT 1;\n"}, "lacks"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := migrate.LoadFiles(sqlFiles(c.files))
			require.ErrorContains(t, err, c.want)
			require.Panics(t, func() { migrate.MustLoadFiles(sqlFiles(c.files)) })
		})
	}
}

func TestLoadedMigrationsRun(t *testing.T) {
	d, err := db.Open(t.Context(), db.Options{Dir: t.TempDir(), MaxConns: 4})
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Close()) }()
	r, err := migrate.NewRunner(d, migrate.MustLoadFiles(sqlFiles(map[string]string{
		"202601010000_test_create_things.up.sql": "-- Things have names.\n" +
			"CREATE TABLE things (\n  id {uuid} PRIMARY KEY\n);\nCREATE TABLE more (id int);\n",
		"202601010000_test_create_things.down.sql": "-- Things have names.\nDROP TABLE more;\nDROP TABLE things;\n",
	})))
	require.NoError(t, err)
	_, err = r.Up(t.Context())
	require.NoError(t, err)
	require.NoError(t, d.Conn(t.Context()).Exec("INSERT INTO things SELECT id FROM more").Error)
	_, err = r.Down(t.Context(), 1)
	require.NoError(t, err)
	require.Error(t, d.Conn(t.Context()).Exec("SELECT id FROM things").Error)
}
