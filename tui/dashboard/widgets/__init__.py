"""What screens are made of: tables, charts, money, dialogs."""
