-- What flowed has flowed, and the limits are not the program's to move.
REVOKE UPDATE, DELETE, TRUNCATE ON plant.flows FROM gasbank_plant;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON plant.limits FROM gasbank_plant;
REVOKE DELETE, TRUNCATE ON plant.instructions FROM gasbank_plant;
