package sitetest

// InvalidText holds JSON escapes that no text may have: U+0000 and lone surrogates.
var InvalidText = []string{
	`a\u0000b`, `\u0000`, `a\ud800b`, `a\udfffb`, `\udc00\ud800`, `\ud83d\ud83d\ude00`, `\ud83dA`,
}
