"""The public pages of policies and health plans."""
