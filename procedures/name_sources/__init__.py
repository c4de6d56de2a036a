"""Names of codes from official lists: the ASP crosswalk, the Table of Drugs, and the ICD-10-CM tabular list."""
