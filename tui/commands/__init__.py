"""The command line: one module per noun; exit codes, JSON, tables and failures in one place each.

Every module here imports nothing heavy at its top: `papertape --help` loads no pandas, numpy, SQLModel or pydantic.
"""
