"""The screen of one run plan, a module for each of its parts."""
