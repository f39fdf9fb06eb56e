-- Confirmations writes down what it archived, in the transaction that marks its messages.
GRANT USAGE ON SCHEMA archive TO gasbank_confirmations;
GRANT SELECT, INSERT, UPDATE ON archive.manifest TO gasbank_confirmations;
