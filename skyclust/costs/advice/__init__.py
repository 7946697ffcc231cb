"""Advice: what could be saved, by which evidence, and which operation would do it."""
