"""Reads policies from lists and exports, and brings the database up to them."""
