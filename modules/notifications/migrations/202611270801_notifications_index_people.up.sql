-- The announcements of an account are exported and erased with it.
CREATE INDEX notifications_of_user ON notifications (user_id, id);
