package apperr

// The problems of the way in which a request was sent. Only the HTTP layer and the object store
// make errors of them.
var (
	ProblemMethodNotAllowed = Problem{
		Kind: KindMethodNotAllowed, Code: "method-not-allowed", Title: "Method not allowed",
		Meaning: "The address exists, but takes other methods. The header Allow lists them.",
	}
	ProblemRequestTimeout = Problem{
		Kind: KindTimeout, Code: "request-timeout", Title: "Request timeout",
		Meaning: "The request took too long to arrive. Check the connection and try again.",
	}
	ProblemLengthRequired = Problem{
		Kind: KindLengthRequired, Code: "length-required", Title: "Length required",
		Meaning: "An upload must announce its length (Content-Length).",
	}
	ProblemBodyTooLarge = Problem{
		Kind: KindTooLarge, Code: "body-too-large", Title: "Too large",
		Meaning: "What was sent is too large: a JSON body may have 1 MiB, a file the size that was announced.",
	}
	ProblemUnsupportedMediaType = Problem{
		Kind: KindUnsupportedType, Code: "unsupported-media-type", Title: "Unsupported media type",
		Meaning: "The operation takes another Content-Type; detail says which. No operation takes a compressed body " +
			"(Content-Encoding).",
	}
	ProblemRangeNotSatisfiable = Problem{
		Kind: KindRangeNotSatisfiable, Code: "range-not-satisfiable", Title: "Range not satisfiable",
		Meaning: "The part that was asked for lies outside the file.",
	}
	ProblemUpgradeRequired = Problem{
		Kind: KindUpgradeRequired, Code: "upgrade-required", Title: "WebSocket only",
		Meaning: "This address speaks WebSocket; send an upgrade request.",
	}
	ProblemHeaderTooLarge = Problem{
		Kind: KindHeadersTooLarge, Code: "header-too-large", Title: "Headers too large",
		Meaning: "The headers of a request may have 16 KiB. Clearing this site's cookies may help.",
	}
)

// HTTPProblems lists the problems of the way in which a request was sent.
var HTTPProblems = []Problem{
	ProblemMethodNotAllowed,
	ProblemRequestTimeout,
	ProblemLengthRequired,
	ProblemBodyTooLarge,
	ProblemUnsupportedMediaType,
	ProblemRangeNotSatisfiable,
	ProblemUpgradeRequired,
	ProblemHeaderTooLarge,
}
