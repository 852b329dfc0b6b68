-- The secrets of a revision, sealed: an age file with {"path": "secret"} inside. NULL where there are none.
-- From format 2 on, `document` holds no secret; rows of format 1 are sealed by the program when it opens the database.
ALTER TABLE revisions ADD COLUMN sealed BLOB;
