-- Takes 202611272101_invites_create_batches back.
DROP INDEX invite_redemptions_of;
DROP INDEX invites_made_by;
DROP INDEX invites_for;
DROP INDEX invites_of_batch;
ALTER TABLE invite_redemptions DROP COLUMN counted;
ALTER TABLE invites DROP COLUMN course_ids;
ALTER TABLE invites DROP COLUMN batch_id;
