"""What all table modules share. Times are Unix seconds (double)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Double, Integer, LargeBinary, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# The engine serialises JSON by `codec`, so NaN, infinities, NUL and big integers come back as they went in.
Json: TypeEngine[Any] = JSON().with_variant(JSONB(), "postgresql")
# SQLite gives a rowid only to INTEGER PRIMARY KEY.
Id: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
# What lists are ordered by: by code point on both, whatever the database's own collation.
Name: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")
Time = Double
Bytes = LargeBinary

__all__ = ["BigInteger", "Bytes", "Id", "Json", "Name", "Text", "Time", "metadata"]
