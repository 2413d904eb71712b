-- Takes 202611240801_notifications_create_notifications back.
DROP TABLE notification_preferences;
DROP TABLE notifications;
DROP TABLE announcements;
