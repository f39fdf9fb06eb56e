-- What was posted and what was told stays.
REVOKE UPDATE, DELETE, TRUNCATE ON statements.lines, statements.closings FROM gasbank_statements;
