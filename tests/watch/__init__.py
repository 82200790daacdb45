"""The engine's own watch: beats, judging, who is told, and what pages say."""
