-- Nothing refers to these tables.
DROP TABLE chat_presence;
DROP TABLE chat_replicas;
DROP TABLE chat_tickets;
