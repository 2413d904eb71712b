package main

import (
	"encoding/json"
	"fmt"

	"lyceum/tools/bench/yardstick"
)

// routes makes the requests that a server understands. Both servers are asked for the same things.
type routes interface {
	// listCourses asks for the first page of courses. The learner may be nil.
	listCourses(l *learner) request
	// showCourse asks for a course with its lessons. The learner may be nil.
	showCourse(c *course, l *learner) request
	// revalidateCourse asks for a course that has not changed since.
	revalidateCourse(c *course) request
	reportProgress(l *learner, c *course, r progressReport) request
	signFile(l *learner) request
	logIn(l *learner) request
	// openSocket returns the path of a socket in yardstick.Channel.
	openSocket(l *learner) string
	// keepETags keeps the ETags of courses, by their ids, for revalidateCourse.
	keepETags(etags map[string]string)
}

// lyceumRoutes are the routes of Lyceum; docs/api-reference.md has them.
type lyceumRoutes struct{ etags map[string]string }

// listCourses implements routes.
func (*lyceumRoutes) listCourses(l *learner) request {
	return request{method: "GET", path: "/courses", token: l.accessToken(), want: 200}
}

// showCourse implements routes.
func (*lyceumRoutes) showCourse(c *course, l *learner) request {
	return request{method: "GET", path: "/courses/" + c.id, token: l.accessToken(), want: 200}
}

// revalidateCourse implements routes.
func (x *lyceumRoutes) revalidateCourse(c *course) request {
	return request{method: "GET", path: "/courses/" + c.id, etag: x.etags[c.id], want: 304}
}

// reportProgress implements routes.
func (*lyceumRoutes) reportProgress(l *learner, c *course, r progressReport) request {
	return request{
		method: "PUT", path: "/courses/" + c.id + "/lessons/" + c.lessons[r.lesson] + "/progress", token: l.token,
		body: fmt.Sprintf(`{"percent":%d,"position_seconds":%d}`, r.percent, r.position), want: 200,
	}
}

// signFile implements routes.
func (*lyceumRoutes) signFile(l *learner) request {
	return request{method: "GET", path: "/storage/sign?key=" + fileKey, token: l.token, want: 200}
}

// logIn implements routes.
func (*lyceumRoutes) logIn(l *learner) request {
	return request{method: "POST", path: "/auth/login", body: credentialsOf(l), want: 200}
}

// openSocket implements routes.
func (*lyceumRoutes) openSocket(l *learner) string {
	return "/ws/channels/" + yardstick.Channel + "?token=" + l.token
}

// keepETags implements routes.
func (x *lyceumRoutes) keepETags(etags map[string]string) { x.etags = etags }

// yardstickRoutes are the routes of the yardstick, which believes whatever id it is told.
type yardstickRoutes struct{ etags map[string]string }

// listCourses implements routes.
func (*yardstickRoutes) listCourses(l *learner) request {
	if l == nil {
		return request{method: "GET", path: "/courses", want: 200}
	}
	return request{method: "GET", path: "/courses?user=" + l.id, want: 200}
}

// showCourse implements routes.
func (*yardstickRoutes) showCourse(c *course, l *learner) request {
	r := request{method: "GET", path: "/course?id=" + c.id, want: 200}
	if l != nil {
		r.path += "&user=" + l.id
	}
	return r
}

// revalidateCourse implements routes.
func (x *yardstickRoutes) revalidateCourse(c *course) request {
	return request{method: "GET", path: "/course?id=" + c.id, etag: x.etags[c.id], want: 304}
}

// reportProgress implements routes.
func (*yardstickRoutes) reportProgress(l *learner, c *course, r progressReport) request {
	return request{
		method: "PUT", path: "/progress?user=" + l.id + "&lesson=" + c.lessons[r.lesson],
		body: fmt.Sprintf(`{"percent":%d,"position_seconds":%d}`, r.percent, r.position), want: 200,
	}
}

// signFile implements routes.
func (*yardstickRoutes) signFile(*learner) request {
	return request{method: "GET", path: "/sign?key=" + fileKey, want: 200}
}

// logIn implements routes.
func (*yardstickRoutes) logIn(l *learner) request {
	return request{method: "POST", path: "/login", body: credentialsOf(l), want: 200}
}

// openSocket implements routes.
func (*yardstickRoutes) openSocket(l *learner) string { return "/chat?user=" + l.id }

// keepETags implements routes.
func (x *yardstickRoutes) keepETags(etags map[string]string) { x.etags = etags }

// accessToken returns the token of a learner, "" for nobody.
func (l *learner) accessToken() string {
	if l == nil {
		return ""
	}
	return l.token
}

// credentialsOf returns the body of a login.
func credentialsOf(l *learner) string {
	raw, _ := json.Marshal(credential{l.email, learnerPassword}) // text always has a JSON
	return string(raw)
}

// credential is the body of a login.
type credential struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}
