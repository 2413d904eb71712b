// Package migrate changes the schema of the database step by step, in one order over all modules.
//
// A module declares migrations, as values or as .sql files (see LoadFiles). Each has an id of the
// form YYYYMMDDHHMM_module_verb_noun, and the ids order them:
//
//	202611240001_events_create_outbox     applied     \
//	202611250900_users_create_accounts    applied      > rows of the table schema_migrations
//	202612010800_chat_add_read_markers    pending
//
// Runner.Up runs what is pending, each migration in a transaction of its own, so a failed one leaves
// those before it applied. Replicas that start at the same time wait for one another. Runner.Down
// takes migrations back from the end.
//
// A migration that has landed is never edited, as databases that have run it would not see the
// change: a later migration corrects it. A database that a newer program has migrated is not touched
// by an older one; it gets an UnknownError.
//
// Statements are SQL for both databases with the words {uuid}, {bytes}, {bool} and {bin} for types
// whose names differ. {bin} is text that is compared by its bytes. A statement that begins with
// "postgres:" or "sqlite:" runs on that database only.
package migrate
