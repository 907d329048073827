"""Bytes on this host, named by what they are: paths and trees, digests, the store of bytes that wait
to be sent, the cache of bytes that were fetched. Everything of artifacts that needs no server.
"""
