"""The core of the monitor: what flows, what is promised, when, and the faces."""
