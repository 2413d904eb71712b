-- Takes 202611240701_storage_create_assets back.
DROP TABLE storage_trash;
DROP TABLE storage_assets;
