"""How the shipped heads were made; nothing of this runs when the monitor does."""
