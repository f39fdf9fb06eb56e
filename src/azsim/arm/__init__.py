"""Azure Resource Manager on the stage: one TLS endpoint, Azure's paths, envelope and long-running operations."""
