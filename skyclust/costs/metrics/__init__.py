"""Reading how much instances are used, and keeping a summary of each."""
