"""The commands: flags, and one call into the package."""
