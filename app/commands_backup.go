package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"lyceum/platform/backup"
	"lyceum/platform/command"
	"lyceum/platform/config"
	"lyceum/platform/keyring"
	"lyceum/platform/program"
)

// newBackup returns the command that saves an installation.
func newBackup() *cobra.Command {
	var o struct {
		withKeys     bool
		recipients   []string
		keep         int
		allowMissing bool
	}
	c := &cobra.Command{
		Use: "backup DIR", Short: "Save database and files into a new or empty folder, while servers go on",
		Args: oneFolder, RunE: func(c *cobra.Command, args []string) error {
			options := backup.CreateOptions{WithKeys: o.withKeys, Progress: command.NewProgress(os.Stderr)}
			for _, text := range o.recipients {
				recipient, err := age.ParseX25519Recipient(text)
				if err != nil {
					// Not the text: it may be the secret key, by mistake.
					return &command.UsageError{Text: "--recipient: accepted is a public key of age (age1…)"}
				}
				options.Recipients = append(options.Recipients, recipient)
			}
			if c.Flags().Changed("keep") && o.keep < 1 {
				return &command.UsageError{Text: "--keep: accepted is a whole number above 0"}
			}
			return createBackup(c.Context(), args[0], options, o.keep, o.allowMissing)
		},
	}
	c.Flags().BoolVar(&o.withKeys, "with-keys", false,
		"save the keys of the server, too; who reads them can sign in as anybody")
	c.Flags().StringArrayVar(&o.recipients, "recipient", nil,
		"encrypt for this public key of age (age1…); may be repeated")
	c.Flags().BoolVar(&o.allowMissing, "allow-missing", false,
		"succeed although files that the database names are not in the object store")
	c.Flags().IntVar(&o.keep, "keep", 0, "remove the oldest of the backups beside DIR, so that this many stay")
	return c
}

// createBackup writes a backup and removes old ones if keep is not 0. A backup that lacks files is an error unless
// allowMissing is set: the object store may be another one, and older backups may be the last that have them.
func createBackup(ctx context.Context, dir string, o backup.CreateOptions, keep int, allowMissing bool) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	declared, err := program.ReadDeclarations(modules)
	if err != nil {
		return err
	}
	from, closeAll, err := program.OpenInstallation(ctx, cfg, declared, Version, true)
	if err != nil {
		return err
	}
	defer func() { _ = closeAll() }()
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if keep > 0 {
		// First, as the space may be needed.
		if err := printRemoved(backup.RemoveAbandoned(filepath.Dir(absolute))); err != nil {
			return err
		}
	}
	m, err := backup.Create(ctx, from, dir, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "saved %d rows of %d tables and %d objects (%s) in %s\n",
		m.CountRows(), len(m.Tables), m.Objects.Count-m.Objects.Missing, command.FormatBytes(m.Objects.ContentBytes), dir)
	if m.ReplacedTexts > 0 {
		fmt.Fprintf(stdout, "%d texts had characters that are none, which were replaced\n", m.ReplacedTexts)
	}
	switch {
	case !o.WithKeys:
		fmt.Fprintf(stdout, "the keys in %s are not in it: keep them, too, or use --with-keys\n", cfg.JWTKeysDir)
	case len(o.Recipients) == 0:
		fmt.Fprintln(stdout, "it holds the keys, and is not encrypted: who reads it can sign in as anybody")
	}
	if m.Objects.Missing > 0 && !allowMissing {
		return fmt.Errorf("%d files that the database names are not in the object store, so the backup lacks them "+
			"and no old one was removed: check DATA_DIR or S3_BUCKET, or use --allow-missing if they are lost",
			m.Objects.Missing)
	}
	if keep == 0 {
		return nil
	}
	return printRemoved(backup.RemoveOld(absolute, keep))
}

// printRemoved says which folders were removed, also if an error ended that.
func printRemoved(dirs []string, err error) error {
	for _, dir := range dirs {
		fmt.Fprintln(stdout, "removed "+dir)
	}
	return err
}

// newRestore returns the command that fills an installation from a backup.
func newRestore() *cobra.Command {
	var o restoreFlags
	c := &cobra.Command{
		Use: "restore DIR", Short: "Fill an empty installation from a backup, whatever database and object store it came from",
		Args: oneFolder, RunE: func(c *cobra.Command, args []string) error { return restore(c.Context(), args[0], o) },
	}
	c.Flags().BoolVar(&o.force, "force", false, "replace what the installation holds")
	c.Flags().BoolVar(&o.checkOnly, "check", false, "only check that the backup can be restored")
	c.Flags().StringArrayVar(&o.identityFiles, "identity", nil,
		"a file with secret keys of age, for an encrypted backup; may be repeated")
	return c
}

// restoreFlags are the options of the command line.
type restoreFlags struct {
	force, checkOnly bool
	identityFiles    []string
}

// restore checks a backup and, unless that is all, fills the installation from it.
func restore(ctx context.Context, dir string, o restoreFlags) error {
	identities, err := readIdentities(o.identityFiles)
	if err != nil {
		return err
	}
	cfg, err := load()
	if err != nil {
		return err
	}
	declared, err := program.ReadDeclarations(modules)
	if err != nil {
		return err
	}
	progress := command.NewProgress(os.Stderr)
	b, err := backup.Open(ctx, dir, declared.Migrations, backup.OpenOptions{Identities: identities, Progress: progress})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "the backup is whole: of %s by version %s, %d rows of %d tables and %d objects (%s)\n",
		b.CreatedAt.Format(time.RFC3339), b.Version, b.CountRows(), len(b.Tables), b.Objects.Count-b.Objects.Missing,
		command.FormatBytes(b.Objects.ContentBytes))
	if o.checkOnly {
		return nil
	}
	if err := restoreInto(ctx, cfg, declared, b, backup.RestoreOptions{Force: o.force, Progress: progress}); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "restored")
	return reportLosses(ctx, cfg, b)
}

// restoreInto fills the installation of a configuration, which no server may use.
func restoreInto(
	ctx context.Context, cfg *config.Config, d program.Declarations, b *backup.Backup, o backup.RestoreOptions,
) error {
	unlock, err := lock(cfg)
	if err != nil {
		return err
	}
	defer unlock()
	to, closeAll, err := program.OpenInstallation(ctx, cfg, d, Version, false)
	if err != nil {
		return err
	}
	return errors.Join(b.Restore(ctx, to, o), closeAll())
}

// readIdentities reads the secret keys of age in some files.
func readIdentities(files []string) (all []age.Identity, err error) {
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return nil, &command.UsageError{Text: "--identity: " + err.Error()}
		}
		identities, err := age.ParseIdentities(file)
		_ = file.Close()
		if err != nil {
			return nil, &command.UsageError{Text: fmt.Sprintf("--identity: %s holds no secret keys of age", name)}
		}
		all = append(all, identities...)
	}
	return all, nil
}

// reportLosses says what of a restored installation will not work: objects that the backup lacks, and everything that
// was sealed with other keys.
func reportLosses(ctx context.Context, cfg *config.Config, b *backup.Backup) error {
	if b.Objects.Missing > 0 {
		fmt.Fprintf(stdout, "%d files are lost: their objects were missing when the backup was made\n", b.Objects.Missing)
	}
	id, err := backup.ReadKeyID(cfg.JWTKeysDir)
	if err != nil || id == b.KeyID {
		return err
	}
	fmt.Fprintf(stdout, "\nThe keys that this data was used with are not in %s. Without them these do not work:\n"+
		"  - one-time codes of second factors; recovery codes do\n"+
		"  - open invite codes: send new ones\n"+
		"  - mails that were not sent yet, with the links in them\n"+
		"  - signed links to files, and those in mails to unsubscribe\n"+
		"  - sessions: everybody signs in again\n"+
		"  - the seal of the audit log, until lyceum audit accept-break\n", cfg.JWTKeysDir)
	fault, err := findUnreadable(ctx, cfg, id != "")
	if err != nil {
		return err
	}
	if fault != nil {
		fmt.Fprintln(stdout, "Found: "+fault.Error())
	}
	fmt.Fprintln(stdout, "Put the old keys there before the first start, if you have them.")
	return nil
}

// findUnreadable returns as fault what the modules say that the present keys can't open, or any keys if there
// are none yet.
func findUnreadable(ctx context.Context, cfg *config.Config, hasKeys bool) (fault, err error) {
	// Neither mail nor Redis has anything to do with it, and no key may be made by asking.
	c := *cfg
	c.RedisURL, c.SMTPURL = "", ""
	dir, err := os.MkdirTemp("", "lyceum-keys-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if !hasKeys {
		c.JWTKeysDir = dir
	}
	var sealed *keyring.SealedCheck
	err = with(ctx, &c, func(ctx context.Context) error {
		fault = sealed.CheckSealedData(ctx)
		return nil
	}, &sealed)
	return fault, err
}

// oneFolder refuses anything but one argument.
func oneFolder(c *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return &command.UsageError{Text: c.CommandPath() + " needs one argument, the folder of the backup"}
	}
	return nil
}
