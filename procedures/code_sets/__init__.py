"""Code sets: their official releases, read and explained."""
