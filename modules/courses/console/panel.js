// Courses: list, one course, its editor. public/README.md describes what a panel exports.

import { courses } from "./courses.js";
import { courseView } from "./course.js";
import { newCourse, editCourse } from "./edit.js";

export const routes = [
  ["/courses", courses, { title: "Courses" }],
  ["/new-course", newCourse, { role: "instructor", title: "New course" }],
  ["/courses/:course", courseView, { title: "Course" }],
  ["/courses/:course/lessons/:lesson", courseView, { title: "Course" }],
  ["/courses/:course/edit", editCourse, { role: "instructor", title: "Edit course" }],
];

export const places = [
  { name: "Courses", address: "/courses", icon: "book", order: 10 },
];
