"""The native API: typed, documented, used by our own client, the web UI and anyone with curl."""
