"""Things to look at and listen to: kept as files of the run, logged as small maps that name them.

The maps have the field's usual shape (`_type`, `path`, `sha256`, `size` and what the kind needs), so
one page shows what either client logged. Each module needs nothing but numpy; what needs more says so.
"""
