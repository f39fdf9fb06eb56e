"""Entra ID on the stage: tokens for applications (client credentials), discovery and signing keys. No users, no consent."""
