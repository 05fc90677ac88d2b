"""Email alerts: who asked for what, what is news to them, and how it is told."""
