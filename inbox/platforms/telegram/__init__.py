"""Telegram through its Bot API: groups, comments under channel posts, private chats and business accounts."""
