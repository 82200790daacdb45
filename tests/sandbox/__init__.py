"""The local platforms, proved over bare HTTP."""
