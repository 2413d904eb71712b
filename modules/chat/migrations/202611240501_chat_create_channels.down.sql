-- Members refer to channels, so they go first.
DROP TABLE chat_members;
DROP TABLE chat_channels;
