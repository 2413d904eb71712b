-- Takes 202611240401_invites_create_invites back.
DROP TABLE invite_redemptions;
DROP TABLE invites;
