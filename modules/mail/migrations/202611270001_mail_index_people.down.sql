-- Takes 202611270001_mail_index_people back.
DROP INDEX mail_messages_to;
DROP INDEX mail_messages_of_user;
