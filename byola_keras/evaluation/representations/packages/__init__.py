"""Models of others whose weights come inside packages for pip, so that nothing more is downloaded."""
