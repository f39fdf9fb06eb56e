"""The SQL service of the stage: a failover group made of two real PostgreSQL clusters, and the ARM surface over it."""
