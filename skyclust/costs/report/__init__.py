"""The cost report: its content as plain data, and its two forms, HTML and Markdown."""
