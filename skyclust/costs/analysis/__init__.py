"""Analysis of costs: pure functions from cost frames to plain records."""
