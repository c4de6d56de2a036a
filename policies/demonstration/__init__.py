"""The policies that the demonstration ships; see README.md beside this file."""
