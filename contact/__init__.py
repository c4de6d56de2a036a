"""How a visitor reaches the team: messages, meetings, and the mail that tells of them."""
