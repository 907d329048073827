"""References by digest: Git LFS pointers, DVC files and files of a hub of models and data sets.

Such a reference says what the bytes are, and not, or not surely, where they lie. They are looked for where
this user keeps them, then asked for from the place that the reference names, and are taken only where their
digest is right.

What a reference names was written by whoever logged the version, who may mean no good. So:
- no path that it holds is opened: files are found by their digest, below folders that this user named
  (`places.Places`);
- a key goes to the host that it is for, and not along with a redirect (`web.Web`);
- no more bytes are read than it says there are.
"""
