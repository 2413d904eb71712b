package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"lyceum/platform/backup"
)

// checkKeys looks at the folder of the keys, and whether they open what was sealed.
func (x *examination) checkKeys(ctx context.Context) {
	const check = "keys"
	dir := x.Config.JWTKeysDir
	id, err := backup.ReadKeyID(dir)
	if err != nil {
		x.fail(check, fmt.Sprintf("%s can't be read: %s", dir, err),
			"run this command as the user of the server, and restore the keys if they are damaged")
		return
	}
	signing, _ := filepath.Glob(filepath.Join(dir, "*.pem"))
	if id == "" || len(signing) == 0 {
		if x.db == nil || !x.isCurrent {
			x.warn(check, "there are no keys in "+dir, "the first start of the server makes them")
			return
		}
		x.fail(check, "there are no keys in "+dir+", and the database was used with some",
			"restore the files of JWT_KEYS_DIR before the next start, which would make others")
		return
	}
	for _, file := range append(signing, filepath.Join(dir, "secret")) {
		if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o077 != 0 {
			x.fail(check, file+" can be read by other users", "chmod 600 "+file)
		}
	}
	if x.CheckSealed != nil && x.isCurrent {
		fault, err := x.CheckSealed(ctx)
		if err != nil {
			x.fail(check, "whether they open what was sealed can't be found out: "+err.Error(),
				"mend what the message names, and run this again")
			return
		}
		if fault != nil {
			x.fail(check, "they are not those that the database was used with: "+fault.Error(),
				"restore the files of JWT_KEYS_DIR")
			return
		}
	}
	x.ok(check, "%d signing keys in %s, and they open what was sealed", len(signing), dir)
}
