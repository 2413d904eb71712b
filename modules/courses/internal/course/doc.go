// Package course is the model that all parts of the module share: courses, lessons, their captions,
// what a learner has done, and the rules that need no data: bounds, clean texts, Markdown.
//
// It reads and writes nothing. Fields in its errors are relative to the course or the lesson, such
// as "title" or "captions[0].label".
package course
