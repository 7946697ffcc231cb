"""Keystone: tokens, the catalog, projects, users and roles."""
