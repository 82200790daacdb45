"""The sandbox: its connectors against its own server, over HTTP."""
