"""What feeds bars to a strategy and its intents to the broker."""
