-- Takes 202611240003_mail_create_messages back.
DROP TABLE mail_messages;
