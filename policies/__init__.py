"""Health plans and their policies: which codes a policy names, and what it says of them."""
