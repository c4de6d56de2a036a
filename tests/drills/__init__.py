"""Drills: races, faults and load that take minutes. Neither tests nor benchmarks; `make drill` runs them."""
