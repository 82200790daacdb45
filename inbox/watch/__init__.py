"""The engine watches itself: whether every periodic sweep still comes, and who is told when one does not."""
