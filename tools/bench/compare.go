package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stage is where the servers of one run live: its folder, services and processes.
type stage struct {
	folder   string
	services services
	binary   string
	lyceum   *server
	// yardstick is nil for embedded services.
	yardstick *server
	stderr    io.Writer
}

// compareServers starts the servers, fills the database, measures the scenarios and takes everything down again. It
// reports its steps on stderr.
func compareServers(ctx context.Context, o options, stderr io.Writer) (r report, err error) {
	s, err := openStage(ctx, o, stderr)
	if err != nil {
		return r, err
	}
	defer s.close()
	if err := s.startServers(ctx); err != nil {
		return r, err
	}
	s.say("filling the database with %d courses and %d learners", o.size.courses, o.size.learners)
	client := newLoadClient(s.lyceum.addr, o.connections)
	data, err := seedSite(ctx, client, o.size)
	if err != nil {
		return r, fmt.Errorf("filling the database: %w", err)
	}
	sides, err := s.listSides(ctx, data, o.connections)
	if err != nil {
		return r, err
	}
	m := &meter{options: o, data: data, sides: sides, prepare: s.services.tidyDatabase, say: s.say}
	results, err := m.measureScenarios(ctx)
	return report{Setup: describeSetup(o), Results: results}, s.explain(err)
}

// openStage makes the folder, builds the program and prepares the services. The caller closes the stage.
func openStage(ctx context.Context, o options, stderr io.Writer) (*stage, error) {
	removeStaleFolders(os.TempDir())
	folder, err := os.MkdirTemp("", folderPattern(os.Getpid()))
	if err != nil {
		return nil, err
	}
	s := &stage{folder: folder, binary: o.binary, stderr: stderr}
	if s.binary == "" {
		s.say("building Lyceum")
		s.binary = filepath.Join(folder, "lyceum")
		err = buildProgram(ctx, s.binary)
	}
	if err == nil && !o.isEmbedded {
		s.services, err = prepareServices(ctx)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// startServers starts Lyceum and then the yardstick, which needs the tables that Lyceum makes.
func (s *stage) startServers(ctx context.Context) (err error) {
	s.say("starting the servers")
	if s.lyceum, err = startLyceum(ctx, s.binary, s.folder, s.services); err != nil {
		return err
	}
	if !s.services.areReal() {
		return nil
	}
	s.yardstick, err = startYardstick(ctx, s.folder, s.services)
	return err
}

// listSides returns Lyceum and the yardstick, if there is one, with their routes.
func (s *stage) listSides(ctx context.Context, data *dataset, connections int) ([]*side, error) {
	all := []*side{{name: "Lyceum", server: s.lyceum, routes: &lyceumRoutes{}}}
	if s.yardstick != nil {
		all = append(all, &side{name: "yardstick", server: s.yardstick, routes: &yardstickRoutes{}})
	}
	for _, side := range all {
		side.client = newLoadClient(side.server.addr, connections)
		if err := side.readETags(ctx, data); err != nil {
			return nil, err
		}
		if err := side.server.waitUntilIdle(ctx, time.Minute); err != nil {
			return nil, err
		}
		if err := side.server.measureScrape(ctx); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// explain adds the end of the log of a server that has ended by itself to an error.
func (s *stage) explain(err error) error {
	for _, server := range []*server{s.lyceum, s.yardstick} {
		if err != nil && server != nil && server.hasEnded() {
			err = fmt.Errorf("%w\n%s has ended: %s", err, server.name, server.readLog())
		}
	}
	return err
}

// close stops the servers, removes the database and the bucket, and then the folder. It ignores what is gone already.
func (s *stage) close() {
	for _, server := range []*server{s.yardstick, s.lyceum} {
		if server != nil {
			server.stop()
		}
	}
	if s.services.areReal() {
		s.services.remove()
	}
	os.RemoveAll(s.folder)
}

// say writes a line about what happens.
func (s *stage) say(format string, args ...any) {
	fmt.Fprintf(s.stderr, "bench: "+format+"\n", args...)
}

// folderPrefix begins the name of the temporary folder of a run.
const folderPrefix = "lyceum-bench-"

// folderPattern returns the pattern for os.MkdirTemp of the folder of the process with that id.
func folderPattern(pid int) string { return fmt.Sprintf("%s%d-*", folderPrefix, pid) }

// removeStaleFolders removes the folders in dir that runs have left behind which were killed: those whose process is
// gone.
func removeStaleFolders(dir string) {
	found, _ := filepath.Glob(filepath.Join(dir, folderPrefix+"*"))
	for _, folder := range found {
		rest := strings.TrimPrefix(filepath.Base(folder), folderPrefix)
		id, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(id)
		if err == nil && pid > 0 && syscall.Kill(pid, 0) == syscall.ESRCH {
			os.RemoveAll(folder)
		}
	}
}
