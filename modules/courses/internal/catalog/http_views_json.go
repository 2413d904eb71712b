package catalog

import (
	"strconv"

	"lyceum/platform/httpx/jsonappend"
)

// The views of lists and details append their JSON themselves, as most requests ask for them.
// A test compares what they append with what their types say.

// AppendJSON appends the course as its type says.
func (v *CourseView) AppendJSON(b []byte) []byte { return append(v.appendFields(append(b, '{')), '}') }

// appendFields appends the fields of the course as JSON, without braces.
func (v *CourseView) appendFields(b []byte) []byte {
	b = jsonappend.AppendText(append(b, `"id":`...), v.ID)
	b = jsonappend.AppendText(append(b, `,"slug":`...), v.Slug)
	b = jsonappend.AppendText(append(b, `,"title":`...), v.Title)
	b = jsonappend.AppendText(append(b, `,"summary":`...), v.Summary)
	b = jsonappend.AppendText(append(b, `,"visibility":`...), v.Visibility)
	b = jsonappend.AppendText(append(b, `,"status":`...), v.Status)
	b = append(append(b, `,"tags":`...), v.Tags...)
	b = jsonappend.AppendNullableText(append(b, `,"cover_key":`...), v.CoverKey)
	b = jsonappend.AppendText(append(b, `,"owner":{"id":`...), v.Owner.ID)
	b = jsonappend.AppendText(append(b, `,"display_name":`...), v.Owner.DisplayName)
	b = strconv.AppendInt(append(b, `},"lesson_count":`...), int64(v.LessonCount), 10)
	b = jsonappend.AppendTime(append(b, `,"created_at":`...), v.CreatedAt)
	b = jsonappend.AppendTime(append(b, `,"updated_at":`...), v.UpdatedAt)
	b = jsonappend.AppendNullableTime(append(b, `,"published_at":`...), v.PublishedAt)
	if v.DeletedAt != nil {
		b = jsonappend.AppendTime(append(b, `,"deleted_at":`...), *v.DeletedAt)
	}
	if v.Progress != nil {
		b = append(v.Progress.AppendFields(append(b, `,"progress":{`...)), '}')
	}
	return b
}

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
