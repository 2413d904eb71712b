package storage

import "lyceum/platform/apperr"

// The problems that only this module meets.
var (
	problemKeyTaken = apperr.Problem{
		Kind: apperr.KindConflict, Code: "key-taken", Title: "File name taken",
		Meaning: "A file with this key exists already or is being uploaded. Choose another key, or delete the file " +
			"first.",
	}
	problemUploadIncomplete = apperr.Problem{
		Kind: apperr.KindConflict, Code: "upload-incomplete", Title: "Upload incomplete",
		Meaning: "The file has not arrived yet. Send it to the upload's address first, then complete the upload.",
	}
	problemUploadMismatch = apperr.Problem{
		Kind: apperr.KindConflict, Code: "upload-mismatch", Title: "Upload differs",
		Meaning: "The file that arrived is not what was announced: another size, type or checksum. detail says what " +
			"was found. Send the right file, or begin a new upload.",
	}
	problemQuotaExceeded = apperr.Problem{
		Kind: apperr.KindInvalid, Code: "quota-exceeded", Title: "Quota exceeded",
		Meaning: "With this file your uploads would take more room than they may. Delete files that you no longer " +
			"need.",
	}
	problemAssetInUse = apperr.Problem{
		Kind: apperr.KindConflict, Code: "asset-in-use", Title: "File in use",
		Meaning: "Lessons or courses still use this file; used_by lists them. Remove it there first.",
	}
)

// problems lists the problems that this module declares.
var problems = []apperr.Problem{problemKeyTaken, problemUploadIncomplete, problemUploadMismatch, problemQuotaExceeded, problemAssetInUse}
