"""The public pages of messages and meetings."""
