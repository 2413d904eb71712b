-- Takes 202611291202_storage_lease_refusal back.
ALTER TABLE storage_assets DROP COLUMN refusing_until;
