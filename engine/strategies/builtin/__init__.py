"""The strategies that come with papertape."""
