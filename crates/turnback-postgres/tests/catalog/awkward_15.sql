-- What PostgreSQL 15 added.
ALTER TABLE "Sales".line ADD CONSTRAINT line_some_fkey FOREIGN KEY (y, x)
    REFERENCES "Sales".entry ON DELETE SET NULL (y);
CREATE UNIQUE INDEX entry_nnd ON "Sales".entry (note, u) NULLS NOT DISTINCT;
CREATE PUBLICATION pub_b FOR TABLE "User" (id, email);
CREATE PUBLICATION pub_c FOR TABLES IN SCHEMA "Sales";
