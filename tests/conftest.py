"""What holds for every test: nothing is fetched behind our back, and a failure can be repeated."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")
