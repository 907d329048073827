"""What both doors share at the HTTP edge. Neither door imports the other; both may import this."""
