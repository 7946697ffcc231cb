"""The package that someone begins with who writes a provider for another cloud."""
