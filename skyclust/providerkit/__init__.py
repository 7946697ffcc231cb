"""What adapters share: checks of endpoints, answers, items, pages and identities."""
