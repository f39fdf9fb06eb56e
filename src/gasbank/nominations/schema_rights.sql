-- What was sent and what was matched stays: not even the bank may change it.
REVOKE UPDATE, DELETE, TRUNCATE ON nominations.messages, nominations.matches FROM gasbank_nominations;
