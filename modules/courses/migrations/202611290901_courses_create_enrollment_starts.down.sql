-- Takes 202611290901_courses_create_enrollment_starts back.
DROP TABLE enrollment_starts;
