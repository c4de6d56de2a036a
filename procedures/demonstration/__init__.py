"""The demonstration content that the project ships; see README.md beside this file."""
