"""Imports of files: folders and exports, read as deliveries, and files as batches of rows."""
