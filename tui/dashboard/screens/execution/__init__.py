"""The screen of execution: ticket, verdict, orders."""
