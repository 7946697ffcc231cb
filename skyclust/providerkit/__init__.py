"""What adapters share: checks of endpoints, fields, answers and pages; polling; errors."""
