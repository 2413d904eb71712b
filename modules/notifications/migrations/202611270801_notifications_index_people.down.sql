-- Takes 202611270801_notifications_index_people back.
DROP INDEX notifications_of_user;
