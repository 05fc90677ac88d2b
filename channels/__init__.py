"""How messages leave: one file a kind."""
