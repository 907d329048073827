"""file_stream: the hot path. Rows, system samples, console lines and the summary of a live run."""
