"""What commands and dashboard share: text, figures, tables, charts, and how failures are told."""
