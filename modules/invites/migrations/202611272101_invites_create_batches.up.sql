-- Many people are invited at once: the invites of a batch are listed and revoked together.
ALTER TABLE invites ADD COLUMN batch_id {uuid};
ALTER TABLE invites ADD COLUMN course_ids text NOT NULL DEFAULT '[]';
ALTER TABLE invite_redemptions ADD COLUMN counted {bool} NOT NULL DEFAULT TRUE;
CREATE INDEX invites_of_batch ON invites (batch_id, created_at, id) WHERE batch_id IS NOT NULL;
CREATE INDEX invites_for ON invites (email) WHERE email IS NOT NULL;
CREATE INDEX invites_made_by ON invites (created_by, id);
CREATE INDEX invite_redemptions_of ON invite_redemptions (user_id, invite_id);
