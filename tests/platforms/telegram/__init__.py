"""Telegram: its updates, its errors, and the product against a Bot API that answers over HTTP."""
