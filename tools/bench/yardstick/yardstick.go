// Package yardstick is the bare server beside which Lyceum is measured: fasthttp, pgx and JSON written by hand on the
// same rows, with no rule but the query's own.
package yardstick

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/valyala/fasthttp"

	"lyceum/platform/passwords"
)

// yardstick is the bare server: fasthttp, pgx and JSON written by hand. It knows no callers and has no rule but the
// query's own.
type yardstick struct {
	pool   *pgxpool.Pool
	s3     *minio.Client
	bucket string
	hasher *passwords.Hasher
	hub    *hub
}

// Command is the argument with which a program calls Serve.
const Command = "yardstick"

// Settings say where the yardstick listens, where its services are, and how many connections to PostgreSQL it opens at
// most.
type Settings struct {
	Addr, DatabaseURL, MaxConns                          string
	S3Endpoint, S3AccessKey, S3SecretKey, Bucket, Region string
}

// variables returns the fields of the settings by the names of their variables.
func (s *Settings) variables() map[string]*string {
	return map[string]*string{
		"YARDSTICK_ADDR": &s.Addr, "YARDSTICK_DATABASE_URL": &s.DatabaseURL, "YARDSTICK_MAX_CONNS": &s.MaxConns,
		"YARDSTICK_S3_ENDPOINT": &s.S3Endpoint, "YARDSTICK_S3_ACCESS_KEY": &s.S3AccessKey,
		"YARDSTICK_S3_SECRET_KEY": &s.S3SecretKey, "YARDSTICK_S3_BUCKET": &s.Bucket, "YARDSTICK_S3_REGION": &s.Region,
	}
}

// Environ returns the variables from which Serve reads the settings.
func (s *Settings) Environ() (env []string) {
	for name, field := range s.variables() {
		env = append(env, name+"="+*field)
	}
	return env
}

// hashCost is the default cost of Lyceum's password hashes.
var hashCost = passwords.Argon2{Memory: 19456, Time: 2, Parallel: 1}

// gcPercent is the target of the garbage collector that lyceum serve sets, too.
const gcPercent = 200

// Serve serves until ctx ends, as the variables say, and returns the exit status. Errors go to stderr.
func Serve(ctx context.Context, stderr io.Writer) int {
	debug.SetGCPercent(gcPercent)
	var s Settings
	for name, field := range s.variables() {
		*field = os.Getenv(name)
	}
	y, err := newYardstick(ctx, s)
	if err == nil {
		defer y.pool.Close()
		server := &fasthttp.Server{Handler: y.answer}
		context.AfterFunc(ctx, func() { _ = server.Shutdown() }) // the process ends in any case
		err = server.ListenAndServe(s.Addr)
	}
	if err != nil {
		fmt.Fprintln(stderr, "yardstick:", err)
		return 1
	}
	return 0
}

// newYardstick returns a yardstick on the database of the settings. The caller closes its pool.
func newYardstick(ctx context.Context, s Settings) (*yardstick, error) {
	cfg, err := pgxpool.ParseConfig(s.DatabaseURL)
	if err != nil {
		return nil, err
	}
	most, err := strconv.ParseInt(s.MaxConns, 10, 32)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = int32(most)
	keys := credentials.NewStaticV4(s.S3AccessKey, s.S3SecretKey, "")
	client, err := minio.New(s.S3Endpoint, &minio.Options{Creds: keys, Region: s.Region})
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &yardstick{pool, client, s.Bucket, passwords.NewHasher(hashCost), newHub(ctx, pool)}, nil
}

// answer answers a request. Every error is a 500 with its text.
func (y *yardstick) answer(ctx *fasthttp.RequestCtx) {
	var out []byte
	var err error
	switch string(ctx.Path()) {
	case "/courses":
		out, err = y.listCourses(ctx)
	case "/course":
		out, err = y.showCourse(ctx)
	case "/progress":
		out, err = y.storeProgress(ctx)
	case "/sign":
		out, err = y.signFile(ctx)
	case "/login":
		out, err = y.checkLogin(ctx)
	case "/chat":
		if err = y.hub.accept(ctx); err == nil {
			return
		}
	case "/metrics":
		out = appendMetrics(nil)
	default:
		err = errors.New("no such path")
	}
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
		return
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(out)
}

// listCourses returns the first page of courses, with the progress of the user if there is one.
func (y *yardstick) listCourses(ctx *fasthttp.RequestCtx) ([]byte, error) {
	var rows pgx.Rows
	var err error
	user := string(ctx.QueryArgs().Peek("user"))
	if user == "" {
		rows, err = y.pool.Query(ctx, selectCourses)
	} else {
		rows, err = y.pool.Query(ctx, selectCoursesOf, user)
	}
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []byte(`{"items":[`)
	for n := 0; rows.Next(); n++ {
		if n > 0 {
			out = append(out, ',')
		}
		var c courseRow
		if err := rows.Scan(c.targets(user != "")...); err != nil {
			return nil, err
		}
		out = append(c.appendFields(out), '}')
	}
	return append(out, `]}`...), rows.Err()
}

// showCourse returns a course with its lessons, and 304 for the ETag of its version.
func (y *yardstick) showCourse(ctx *fasthttp.RequestCtx) ([]byte, error) {
	id, known := string(ctx.QueryArgs().Peek("id")), ctx.Request.Header.Peek("If-None-Match")
	var version int64
	if len(known) > 0 {
		err := y.pool.QueryRow(ctx, "SELECT version FROM courses WHERE id = $1", id).Scan(&version)
		if err == nil && bytes.Equal(known, appendETag(nil, version)) {
			ctx.SetStatusCode(fasthttp.StatusNotModified)
			return nil, nil
		}
	}
	var c courseRow
	query, args, user := selectCourse, []any{id}, string(ctx.QueryArgs().Peek("user"))
	if user != "" {
		query, args = selectCourseOf, []any{user, id}
	}
	if err := y.pool.QueryRow(ctx, query, args...).Scan(append(c.targets(user != ""), &version)...); err != nil {
		return nil, err
	}
	ctx.Response.Header.SetBytesV("ETag", appendETag(nil, version))
	out := append(c.appendFields(nil), `,"lessons":[`...)
	out, err := y.appendLessons(ctx, out, id)
	return append(out, `]}`...), err
}

// appendLessons appends the lessons of a course.
func (y *yardstick) appendLessons(ctx context.Context, out []byte, course string) ([]byte, error) {
	rows, err := y.pool.Query(ctx, selectLessons, course)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for n := 0; rows.Next(); n++ {
		if n > 0 {
			out = append(out, ',')
		}
		var l lessonRow
		if err := rows.Scan(&l.id, &l.position, &l.title, &l.assetKey, &l.duration, &l.created, &l.updated); err != nil {
			return nil, err
		}
		out = l.appendJSON(out)
	}
	return out, rows.Err()
}

// storeProgress stores a report about a lesson and returns what is stored then.
func (y *yardstick) storeProgress(ctx *fasthttp.RequestCtx) ([]byte, error) {
	var body struct {
		Percent  int `json:"percent"`
		Position int `json:"position_seconds"`
	}
	if err := json.Unmarshal(ctx.PostBody(), &body); err != nil {
		return nil, err
	}
	user, lesson := string(ctx.QueryArgs().Peek("user")), string(ctx.QueryArgs().Peek("lesson"))
	var percent, updated int64
	err := y.pool.QueryRow(ctx, writeProgress, user, lesson, body.Percent, body.Position, time.Now().UnixMilli()).
		Scan(&percent, &updated)
	if err != nil {
		return nil, err
	}
	out := appendText(nil, `{"lesson_id":"`, lesson)
	out = strconv.AppendInt(append(out, `","percent":`...), percent, 10)
	return append(appendTime(out, `,"updated_at":"`, updated), `"}`...), nil
}

// linkLife is how long a signed URL is valid.
const linkLife = 5 * time.Minute

// signFile returns a signed URL for a file that a lesson uses.
func (y *yardstick) signFile(ctx *fasthttp.RequestCtx) ([]byte, error) {
	key := string(ctx.QueryArgs().Peek("key"))
	var id, contentType string
	if err := y.pool.QueryRow(ctx, selectFile, key).Scan(&id, &contentType); err != nil {
		return nil, err
	}
	signed, err := y.s3.PresignedGetObject(ctx, y.bucket, id, linkLife, url.Values{
		"response-content-type":        {contentType},
		"response-content-disposition": {`attachment; filename="` + filepath.Base(key) + `"`},
	})
	if err != nil {
		return nil, err
	}
	return append(appendText(nil, `{"url":"`, signed.String()), `"}`...), nil
}

// checkLogin returns the id of the account if the password is right.
func (y *yardstick) checkLogin(ctx *fasthttp.RequestCtx) ([]byte, error) {
	var body struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	if err := json.Unmarshal(ctx.PostBody(), &body); err != nil {
		return nil, err
	}
	var id, hash string
	if err := y.pool.QueryRow(ctx, selectPassword, body.Email).Scan(&id, &hash); err != nil {
		return nil, err
	}
	isRight, _, err := y.hasher.CheckPassword(ctx, hash, body.Password)
	if err == nil && !isRight {
		err = errors.New("the password is wrong")
	}
	return append(appendText(nil, `{"id":"`, id), `"}`...), err
}

// AllocsMetric is the counter of allocated objects of the Go runtime, as Prometheus names it.
const AllocsMetric = "go_memstats_mallocs_total"

// appendMetrics appends the number of allocated objects in the text format of Prometheus, counted as there.
func appendMetrics(out []byte) []byte {
	counts := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/tiny/allocs:objects"}}
	metrics.Read(counts)
	return fmt.Appendf(out, "%s %d\n", AllocsMetric, counts[0].Value.Uint64()+counts[1].Value.Uint64())
}
