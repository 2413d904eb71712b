-- Nothing refers to either table.
DROP TABLE chat_marks;
DROP TABLE chat_messages;
