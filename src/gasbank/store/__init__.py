"""The bank's books in PostgreSQL: one file per thing that is asked of them, one link per listener."""
