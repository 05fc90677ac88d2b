"""How good the models are, measured: one file a question, each with plain baselines beside it."""
