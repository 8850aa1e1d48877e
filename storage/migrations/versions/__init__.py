"""How the schema changed, a module for each revision, its DDL written out: history that is never edited.

The last trigger texts here are those of their time: `storage.sqlite.schema` makes today's after every upgrade.
"""
