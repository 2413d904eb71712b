package faults

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"lyceum/app/sitetest"
)

// The kinds of work, as the report names them.
const (
	workMessage  = "message"
	workSocket   = "socket message"
	workRegister = "registration"
	workLogin    = "login"
	workRedeem   = "redemption"
	workCourse   = "course"
	workLesson   = "lesson"
	workEnroll   = "enrollment"
	workProgress = "progress"
	workAnnounce = "announcement"
	workUpload   = "upload"
	workRead     = "read"
)

// kindsOfWork are all of them.
var kindsOfWork = []string{
	workMessage, workSocket, workRegister, workLogin, workRedeem, workCourse, workLesson, workEnroll, workProgress,
	workAnnounce, workUpload, workRead,
}

type object = map[string]any

// writeMessage writes a message over HTTP.
func (l *load) writeMessage(who, piece int) {
	begun, body := time.Now(), fmt.Sprintf("http %d %d", who, piece)
	writer := l.learners[who]
	a, done := l.complete(workMessage, request{
		method: "POST", path: "/channels/hq/messages", token: writer.token, body: object{"body": body, "client_id": body},
	}, http.StatusCreated, http.StatusOK)
	if done {
		seq, _ := a.Get("seq").(float64)
		l.acknowledge(workMessage, begun, func() { l.messages[body] = int64(seq) })
	}
}

// joinAsMember registers an account, logs it in and redeems the invite.
func (l *load) joinAsMember(who, piece int) {
	begun, email := time.Now(), fmt.Sprintf("joins-%d-%d@example.com", who, piece)
	credentials := sitetest.Credentials(email, sitetest.Password)
	r := request{method: "POST", path: "/auth/register", body: credentials, key: "register " + email}
	if _, done := l.complete(workRegister, r, http.StatusCreated); !done {
		return
	}
	l.acknowledge(workRegister, begun, func() { l.accounts = append(l.accounts, email) })
	begun = time.Now()
	session, done := l.complete(workLogin, request{method: "POST", path: "/auth/login", body: credentials}, http.StatusOK)
	if !done {
		return
	}
	l.acknowledge(workLogin, begun, nil)
	begun = time.Now()
	r = request{
		method: "POST", path: "/invites/redeem", token: session.Text("access_token"), body: object{"code": l.inviteCode},
	}
	if _, done := l.complete(workRedeem, r, http.StatusOK); done {
		l.acknowledge(workRedeem, begun, func() { l.redeemers = append(l.redeemers, email) })
	}
}

// createCourse makes a published course and its only lesson.
func (l *load) createCourse(who, piece int) {
	begun, title := time.Now(), fmt.Sprintf("Course %d %d", who, piece)
	course, done := l.complete(workCourse, request{
		method: "POST", path: "/courses", token: l.teacher.token, key: title,
		body: object{"title": title, "visibility": "public", "status": "published"},
	}, http.StatusCreated)
	if !done {
		return
	}
	l.acknowledge(workCourse, begun, nil)
	begun = time.Now()
	lesson, done := l.complete(workLesson, request{
		method: "POST", path: "/courses/" + course.Text("id") + "/lessons", token: l.teacher.token, key: "lesson " + title,
		body: object{"title": "The only one"},
	}, http.StatusCreated)
	if done {
		l.acknowledge(workLesson, begun, func() {
			l.courses = append(l.courses, acknowledgedCourse{course.Text("id"), title, lesson.Text("id")})
		})
	}
}

// takeCourse enrolls a learner in one of the courses that were made, and completes it.
func (l *load) takeCourse(who, piece int) {
	course, found := l.pickCourse(piece)
	if !found {
		return
	}
	begun, learner := time.Now(), l.learners[who]
	r := request{method: "POST", path: "/courses/" + course.id + "/enrollment", token: learner.token}
	if _, done := l.complete(workEnroll, r, http.StatusCreated, http.StatusOK); !done {
		return
	}
	l.acknowledge(workEnroll, begun, nil)
	for _, percent := range []int{50, 100} {
		begun = time.Now()
		if _, done := l.complete(workProgress, request{
			method: "PUT", path: "/courses/" + course.id + "/lessons/" + course.lessonID + "/progress",
			token: learner.token, body: object{"percent": percent},
		}, http.StatusOK); !done {
			return
		}
		l.acknowledge(workProgress, begun, nil)
	}
	l.acknowledge(workProgress, begun, func() { l.finished = append(l.finished, completion{learner, course}) })
}

// pickCourse returns one of the courses that were made so far, and false if there are none.
func (l *load) pickCourse(n int) (acknowledgedCourse, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.courses) == 0 {
		return acknowledgedCourse{}, false
	}
	return l.courses[n%len(l.courses)], true
}

// announce tells all learners of a course something.
func (l *load) announce(who, piece int) {
	begun, title := time.Now(), fmt.Sprintf("Announcement %d %d", who, piece)
	r := request{
		method: "POST", path: "/courses/" + l.courseID + "/announcements", token: l.teacher.token, key: title,
		body: object{"title": title, "body": "Please read."},
	}
	if _, done := l.complete(workAnnounce, r, http.StatusCreated); done {
		l.acknowledge(workAnnounce, begun, func() { l.announced = append(l.announced, title) })
	}
}

// uploadFile puts a file of random bytes into the object store.
func (l *load) uploadFile(who, piece int) {
	begun, key := time.Now(), fmt.Sprintf("files/%d-%d.txt", who, piece)
	random := make([]byte, 1024)
	_, _ = rand.Read(random)
	content := []byte(hex.EncodeToString(random))
	started, done := l.complete(workUpload, request{
		method: "POST", path: "/storage/uploads", token: l.teacher.token, key: key,
		body: object{"key": key, "content_type": "text/plain", "size": len(content)},
	}, http.StatusCreated)
	if !done {
		return
	}
	if _, done := l.repeat(workUpload, func() (sitetest.Answer, error) { return l.put(started, content) }, http.StatusOK,
		http.StatusNoContent, http.StatusCreated); !done {
		return
	}
	r := request{method: "POST", path: "/storage/uploads/" + started.Text("id") + "/complete", token: l.teacher.token}
	if _, done := l.complete(workUpload, r, http.StatusOK); done {
		sum := sha256.Sum256(content)
		l.acknowledge(workUpload, begun, func() { l.uploads[key] = hex.EncodeToString(sum[:]) })
	}
}

// put sends a file to the URL that its upload was begun with. Every error of the store is one to repeat after.
func (l *load) put(started sitetest.Answer, content []byte) (sitetest.Answer, error) {
	req, err := http.NewRequestWithContext(l.life, http.MethodPut, started.Text("upload.url"), bytes.NewReader(content))
	if err != nil {
		return sitetest.Answer{}, err
	}
	headers, _ := started.Get("upload.headers").(map[string]any)
	for name, value := range headers {
		req.Header.Set(name, fmt.Sprint(value))
	}
	a, err := l.do(workUpload, req)
	if err == nil && a.Status >= http.StatusBadRequest {
		err = fmt.Errorf("the store answers %d %s", a.Status, a.Raw)
	}
	return a, err
}

// readAround reads what people look at most.
func (l *load) readAround(who, piece int) {
	reader := l.learners[who]
	path := []string{"/courses?limit=20", "/courses/" + l.courseID, "/notifications?limit=20", "/channels"}[piece%4]
	begun := time.Now()
	if _, done := l.complete(workRead, request{method: "GET", path: path, token: reader.token}, http.StatusOK); done {
		l.acknowledge(workRead, begun, nil)
	}
}
