-- How a revision came about, as a code, in place of free words.
ALTER TABLE revisions ADD COLUMN kind TEXT NOT NULL DEFAULT 'apply' CHECK (kind IN ('first', 'apply', 'restore', 'rollback', 'import'));
UPDATE revisions SET kind = 'import' WHERE what = 'profile';
ALTER TABLE revisions DROP COLUMN what;

-- Who made it: the user of this computer, and the program. Blank in revisions that are older than these columns.
ALTER TABLE revisions ADD COLUMN os_user TEXT NOT NULL DEFAULT '';
ALTER TABLE revisions ADD COLUMN program TEXT NOT NULL DEFAULT '';
