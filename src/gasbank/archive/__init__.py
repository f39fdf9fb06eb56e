"""What was told to the outside, kept outside the database: in two blob accounts, each in a region of its own."""
