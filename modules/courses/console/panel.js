// Courses: the list, a course, its editor. public/README.md describes what a panel exports.

import { coursesView } from "./courses.js";
import { courseView } from "./course.js";
import { editCourseView, newCourseView } from "./edit.js";

export const routes = [
  ["/courses", coursesView, { title: "Courses" }],
  ["/new-course", newCourseView, { role: "instructor", title: "New course" }],
  ["/courses/:course", courseView, { title: "Course" }],
  ["/courses/:course/lessons/:lesson", courseView, { title: "Course" }],
  ["/courses/:course/edit", editCourseView, { role: "instructor", title: "Edit course" }],
];

export const places = [{ name: "Courses", address: "/courses", icon: "book", order: 10 }];
