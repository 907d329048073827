"""What all models of requests and answers share."""

from __future__ import annotations

import warnings

from pydantic import BaseModel, ConfigDict
from pydantic.warnings import UnsupportedFieldAttributeWarning

# FastAPI names the body's field by an alias, and silences what pydantic says of that only while a
# validator is made at once.
warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)


class Model(BaseModel):
    """Its validator is made when the first request needs it: most of them are never needed."""

    model_config = ConfigDict(defer_build=True)
