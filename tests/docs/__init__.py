"""The documentation held to the product. What became stale is made anew by

python -m tests.docs.console          outputs of commands in README.md and docs/
python -m docs.reference.generate     commands, errors, settings
python -m docs.screenshots.make       pictures
"""
