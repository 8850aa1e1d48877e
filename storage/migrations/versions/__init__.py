"""One module for each revision of the schema, as DDL written out: today's models play no part in them."""
