"""The wandb door: what the published wandb client speaks, from 0.16 to today.

`POST /graphql` is a real, introspectable schema (`schema/`, one file per noun; `resolvers/`, the
same nouns); `POST /files/…/file_stream` takes rows, console lines and summaries without GraphQL;
`/storage/TOKEN` takes and gives bytes by signed address. Every quirk of that wire stays in here.
"""

from runstone.server.doors.wandb.door import routes

__all__ = ["routes"]
