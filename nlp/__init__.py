"""From words to facts: language, vectors, relevance, places, events."""
