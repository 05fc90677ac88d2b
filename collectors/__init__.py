"""Where posts come from: one file a kind."""
