package catalog

import (
	"bytes"
	"strconv"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/httpx/jsonappend"
	"lyceum/platform/identity"
)

// The views of lists and details append their JSON themselves, as most requests ask for them.
// A test compares what they append with what their types say.

// AppendJSON appends the course as its type says.
func (v *CourseView) AppendJSON(b []byte) []byte { return append(v.appendFields(append(b, '{')), '}') }

// appendFields appends the fields of the course as JSON, without braces.
func (v *CourseView) appendFields(b []byte) []byte {
	if v.parts != nil {
		b = append(b, v.parts.beforeOwner...)
	} else {
		b = v.appendBeforeOwner(b)
	}
	b = jsonappend.AppendText(append(b, `,"owner":{"id":`...), v.Owner.ID)
	b = jsonappend.AppendText(append(b, `,"display_name":`...), v.Owner.DisplayName)
	if v.parts != nil {
		b = append(b, v.parts.afterOwner...)
	} else {
		b = v.appendAfterOwner(b)
	}
	if v.Progress != nil {
		b = append(v.Progress.AppendFields(append(b, `,"progress":{`...)), '}')
	}
	return b
}

// appendBeforeOwner appends the fields before the owner.
func (v *CourseView) appendBeforeOwner(b []byte) []byte {
	b = jsonappend.AppendText(append(b, `"id":`...), v.ID)
	b = jsonappend.AppendText(append(b, `,"slug":`...), v.Slug)
	b = jsonappend.AppendText(append(b, `,"title":`...), v.Title)
	b = jsonappend.AppendText(append(b, `,"summary":`...), v.Summary)
	b = jsonappend.AppendText(append(b, `,"visibility":`...), v.Visibility)
	b = jsonappend.AppendText(append(b, `,"status":`...), v.Status)
	b = append(append(b, `,"tags":`...), v.Tags...)
	return jsonappend.AppendNullableText(append(b, `,"cover_key":`...), v.CoverKey)
}

// appendAfterOwner appends the end of the owner and the fields up to the progress.
func (v *CourseView) appendAfterOwner(b []byte) []byte {
	b = strconv.AppendInt(append(b, `},"lesson_count":`...), int64(v.LessonCount), 10)
	b = jsonappend.AppendTime(append(b, `,"created_at":`...), v.CreatedAt)
	b = jsonappend.AppendTime(append(b, `,"updated_at":`...), v.UpdatedAt)
	b = jsonappend.AppendNullableTime(append(b, `,"published_at":`...), v.PublishedAt)
	if v.DeletedAt != nil {
		b = jsonappend.AppendTime(append(b, `,"deleted_at":`...), *v.DeletedAt)
	}
	return b
}

// courseParts is the JSON of a course that is the same for every caller: all but the owner, whose name the course
// does not know, and the progress.
type courseParts struct{ beforeOwner, afterOwner []byte }

// newCourseParts returns the parts of a course.
func newCourseParts(c *course.Course) *courseParts {
	v := newCourseView(identity.Caller{}, c, course.Progress{}, usersapi.Person{})
	return &courseParts{bytes.Clone(v.appendBeforeOwner(nil)), bytes.Clone(v.appendAfterOwner(nil))}
}

// size returns how many bytes the parts take in memory.
func (p *courseParts) size() int { return len(p.beforeOwner) + len(p.afterOwner) }

// AppendJSON appends the course with its outline as its type says.
func (v DetailView) AppendJSON(b []byte) []byte {
	b = v.appendFields(append(b, '{'))
	b = jsonappend.AppendText(append(b, `,"description":`...), v.Description)
	b = append(b, `,"lessons":[`...)
	for i := range v.Lessons {
		if i > 0 {
			b = append(b, ',')
		}
		b = v.Lessons[i].AppendJSON(b)
	}
	return append(b, `]}`...)
}

// AppendJSON appends the lesson as its type says.
func (v *OutlineView) AppendJSON(b []byte) []byte {
	b = jsonappend.AppendText(append(b, `{"id":`...), v.ID)
	b = jsonappend.AppendText(append(b, `,"course_id":`...), v.CourseID)
	b = strconv.AppendInt(append(b, `,"position":`...), int64(v.Position), 10)
	b = jsonappend.AppendText(append(b, `,"title":`...), v.Title)
	b = jsonappend.AppendNullableText(append(b, `,"asset_key":`...), v.AssetKey)
	b = strconv.AppendInt(append(b, `,"duration_seconds":`...), int64(v.DurationSeconds), 10)
	b = append(append(b, `,"captions":`...), v.Captions...)
	b = AppendTexts(append(b, `,"prerequisite_ids":`...), v.PrerequisiteIDs)
	b = jsonappend.AppendNullableTime(append(b, `,"available_from":`...), v.AvailableFrom)
	b = append(b, `,"available_after_days":`...)
	if v.AvailableAfterDays == nil {
		b = append(b, `null`...)
	} else {
		b = strconv.AppendInt(b, int64(*v.AvailableAfterDays), 10)
	}
	b = strconv.AppendBool(append(b, `,"locked":`...), v.Locked)
	b = AppendTexts(append(b, `,"locked_by":`...), v.LockedBy)
	b = jsonappend.AppendNullableTime(append(b, `,"available_at":`...), v.AvailableAt)
	b = jsonappend.AppendTime(append(b, `,"created_at":`...), v.CreatedAt)
	b = jsonappend.AppendTime(append(b, `,"updated_at":`...), v.UpdatedAt)
	return append(b, '}')
}

// AppendTexts appends a list of texts as JSON.
func AppendTexts(b []byte, texts []string) []byte {
	b = append(b, '[')
	for i, t := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonappend.AppendText(b, t)
	}
	return append(b, ']')
}
