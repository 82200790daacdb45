"""Pages that show several subjects: the queue, a conversation, a channel, a contact."""
